/**
 * Puts the values of a call in place of a routine's variables, so that a statement inside it can be explained on its own.
 * A value is an expression over constants and functions: nothing is executed to find it.
 */
import { Lexer } from './lexer';
import type { SqlParser } from './parser';

/** A variable as a statement sees it. */
export interface KnownVariable {
  /** SQL that stands for its value anywhere; absent when it is not known. */
  sql?: string | undefined;
  /** Type for a parameter in its place. */
  type?: string | undefined;
  /** Why the value is not known: `it is set by SELECT … INTO`. */
  why?: string | undefined;
}

export interface ValueScope {
  /** Unqualified name of the routine, for `create_rollup.from_day`. */
  routine: string;
  /** By name; parameters also by number, as `$1`. */
  variables: ReadonlyMap<string, KnownVariable>;
  /** In a SQL function a column comes before a parameter of its name; in PL/pgSQL that would be an error. */
  columnsFirst?: ReadonlySet<string>;
}

export interface FilledStatement {
  sql: string;
  /** How many `$n` stand for values that are not known. */
  parameterCount: number;
  /** The variables among them, as written, with why. */
  unknown: { name: string; why?: string | undefined }[];
}

type Node = Record<string, unknown>;

interface Edit {
  start: number;
  end: number;
  name: string;
  variable: KnownVariable;
}

/** The statement with its variables replaced; undefined when the grammar does not take it. */
export function fillValues(parser: SqlParser, sql: string, scope: ValueScope): FilledStatement | undefined {
  const parsed = parser.parse(sql);
  if (!parsed.ok || parsed.statements.length !== 1) return undefined;
  const edits = findVariables(sql, parsed.statements[0]!.node, scope);
  const numbers = new Map<string, number>();
  const unknown: FilledStatement['unknown'] = [];
  let text = '';
  let copied = 0;
  for (const { start, end, name, variable } of edits) {
    text += sql.slice(copied, start);
    copied = end;
    if (variable.sql !== undefined) {
      text += sql[end] === '[' || sql[end] === '.' ? `(${variable.sql})` : variable.sql;
      continue;
    }
    let number = numbers.get(name);
    if (number === undefined) {
      number = numbers.size + 1;
      numbers.set(name, number);
      unknown.push({ name, why: variable.why });
    }
    text += isCastable(variable.type) ? `$${number}::${variable.type}` : `$${number}`;
  }
  return { sql: text + sql.slice(copied), parameterCount: numbers.size, unknown };
}

const castConstant = /^'(?:[^'\\]|'')*'::([^'():]+)$/;

/** `expression` as a value of `type`, in a form that may stand wherever a variable may. */
export function valueOfType(expression: string, type: string | undefined): string {
  const isPlain = /^(?:'(?:[^'\\]|'')*'|\d[\d.]*|NULL|true|false)$/i.test(expression.trim());
  if (type !== undefined && castConstant.exec(expression.trim())?.[1] === type) return expression.trim();
  if (!isCastable(type)) return isPlain ? expression.trim() : `(${expression.trim()})`;
  return isPlain ? `${expression.trim()}::${type}` : `CAST(${expression.trim()} AS ${type})`;
}

/** A text value as a constant. */
export function constant(value: string | null): string {
  if (value === null) return 'NULL';
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return value.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** `t.c%TYPE` names a type in a declaration only, and pseudo-types take no value. */
function isCastable(type: string | undefined): type is string {
  return type !== undefined && !type.includes('%') && !/^(any|record$|trigger$|void$|refcursor$|unknown$)/.test(type);
}

function findVariables(sql: string, root: Node, scope: ValueScope): Edit[] {
  const edits = new Map<number, Edit>();
  const own = relationNames(root);
  const open: [key: string, value: unknown][] = [['', root]];
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    const [key, value] = item;
    if (typeof value !== 'object' || value === null) continue;
    const node = value as Node;
    const start = Number(node.location ?? 0);
    if (key === 'ColumnRef') {
      const edit = columnEdit(sql, start, node, scope, own);
      if (edit) edits.set(edit.start, edit);
    } else if (key === 'ParamRef') {
      const name = `$${node.number ?? 0}`;
      const variable = scope.variables.get(name);
      if (variable) edits.set(start, { start, end: start + name.length, name, variable });
    }
    for (const [field, inner] of Object.entries(node)) open.push([Array.isArray(node) ? key : field, inner]);
  }
  return [...edits.values()].sort((a, b) => a.start - b.start);
}

/** A name that is a variable, or a field of a record variable. */
function columnEdit(
  sql: string,
  start: number,
  node: Node,
  scope: ValueScope,
  own: ReadonlySet<string>,
): Edit | undefined {
  const names = ((node.fields ?? []) as Node[]).map(field => (field.String as { sval?: string } | undefined)?.sval);
  const [first, second] = names;
  if (first === undefined) return undefined;
  const qualified = first === scope.routine && !own.has(first) && second !== undefined && scope.variables.has(second);
  const name = qualified ? second! : first;
  const variable = scope.variables.get(name);
  if (!variable || (!qualified && own.has(name))) return undefined;
  if (!qualified && names.length === 1 && scope.columnsFirst?.has(name)) return undefined;
  const depth = qualified ? 2 : 1;
  const end = endOfName(sql, start, names.length);
  // A field of a record: its type is not known, and neither is its value.
  if (names.length > depth) return { start, end, name: sql.slice(start, end), variable: { why: variable.why } };
  return { start, end, name, variable };
}

/** Behind the given number of names with dots between them. */
function endOfName(sql: string, start: number, count: number): number {
  const lexer = new Lexer(sql, start);
  let left = count;
  while (left > 0 && lexer.nextSignificant()) if (lexer.value !== '.') left -= 1;
  return lexer.end;
}

/** Relations and aliases of a statement: `r.id` is a column when the statement itself has an `r`. */
function relationNames(root: Node): Set<string> {
  const names = new Set<string>();
  const open: unknown[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const node = value as Node;
    for (const name of [node.relname, node.aliasname, node.ctename]) if (typeof name === 'string') names.add(name);
    open.push(...Object.values(node).filter(inner => inner !== undefined));
  }
  return names;
}
