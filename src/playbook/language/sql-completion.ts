/** SQL within a check: names of the clusters that are connected, else the grammar's words. */
import { type CompletionItem, CompletionItemKind } from 'vscode-languageserver-types';
import type { DatabaseNames } from '../../shared/playbook-server';
import { quotedKeywords } from '../../sql/keywords';
import { Lexer } from '../../sql/lexer';

/** A suggestion, and how much of it is typed already. */
export type SqlItem = CompletionItem & { typed: string };

/** Words that begin clauses come first when no name is known. */
const clauses = [
  ...['SELECT', 'FROM', 'WHERE', 'GROUP BY', 'ORDER BY', 'HAVING', 'LIMIT', 'JOIN', 'LEFT JOIN', 'ON', 'USING', 'AND'],
  ...[
    'OR',
    'NOT',
    'IS NULL',
    'IS NOT NULL',
    'IN',
    'LIKE',
    'ILIKE',
    'EXISTS',
    'BETWEEN',
    'CASE',
    'WHEN',
    'THEN',
    'ELSE',
  ],
  ...['END', 'AS', 'DISTINCT', 'WITH', 'VALUES', 'TABLE', 'SHOW', 'EXPLAIN', 'UNION ALL', 'count(*)', 'sum(', 'max('],
  ...['min(', 'avg(', 'coalesce(', 'current_setting('],
];

export function sqlCompletion(sql: string, offset: number, names: DatabaseNames | undefined): SqlItem[] {
  const before = sql.slice(0, offset);
  if (isInLiteral(before)) return [];
  const [, path = '', typed = ''] = /((?:(?:[\w$]+|"(?:[^"]|"")*")\.)*)("?[\w$]*)$/.exec(before) ?? [];
  const qualifiers = path.split('.').slice(0, -1).map(unquoted);
  const item = (label: string, kind: CompletionItemKind, rank: number, detail = ''): SqlItem => ({
    label,
    kind,
    typed,
    sortText: `${rank}${label}`,
    ...(detail && { detail }),
  });
  const { schemas = [], tables = [] } = names ?? {};
  if (qualifiers.length > 0) {
    const [first, second] = qualifiers;
    if (second === undefined) {
      const within = tables.filter(({ schema }) => schema === first);
      if (within.length > 0) return within.map(({ name }) => item(quoted(name), CompletionItemKind.Class, 0));
    }
    const table = second ?? aliases(sql, tables).get(first!) ?? first;
    return tables
      .filter(({ schema, name }) => name === table && (second === undefined || schema === first))
      .flatMap(({ columns }) =>
        columns.map(column => item(quoted(column), CompletionItemKind.Field, 0, String(table))),
      );
  }
  const used = new Set(aliases(sql, tables).values());
  return [
    ...tables
      .filter(({ name }) => used.has(name))
      .flatMap(({ name, columns }) => columns.map(column => item(quoted(column), CompletionItemKind.Field, 0, name))),
    ...tables.map(({ schema, name }) => item(tableName(schema, name), CompletionItemKind.Class, 1, schema)),
    ...schemas.map(schema => item(quoted(schema), CompletionItemKind.Module, 2)),
    ...clauses.map(word => item(word, CompletionItemKind.Keyword, names ? 3 : 0)),
  ];
}

function tableName(schema: string, name: string): string {
  return schema === 'public' || schema === 'pg_catalog' ? quoted(name) : `${quoted(schema)}.${quoted(name)}`;
}

/** What names stand for in FROM and JOIN: `events e` gives e → events, and every table itself. */
function aliases(sql: string, tables: DatabaseNames['tables']): Map<string, string> {
  const known = new Set(tables.map(({ name }) => name));
  const found = new Map<string, string>();
  const name = String.raw`(?:[\w$]+|"(?:[^"]|"")*")`;
  const pattern = new RegExp(
    String.raw`\b(?:from|join|table)\s+(?:${name}\.)?(${name})(?:\s+(?:as\s+)?(${name}))?|,\s*(?:${name}\.)?(${name})\s+(?:as\s+)?(${name})`,
    'gi',
  );
  for (const [, table = '', alias, listed = '', listedAlias] of sql.matchAll(pattern)) {
    const relation = unquoted(table || listed);
    if (!known.has(relation)) continue;
    found.set(relation, relation);
    const other = unquoted(alias ?? listedAlias ?? '');
    if (other && !quotedKeywords.has(other)) found.set(other, relation);
  }
  return found;
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && !quotedKeywords.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** In a comment or a string nothing is completed. */
function isInLiteral(before: string): boolean {
  const lexer = new Lexer(`${before}\u0001`);
  let kind = '';
  while (lexer.next()) kind = lexer.kind;
  return kind === 'comment' || kind === 'string';
}
