/** Joins what statistics and Citus's remote commands say to the statements that the source of a call has. */
import type { CountedStatement } from '../cluster/nested-statistics';
import type { NestedNode } from '../shared/nested';
import type { SqlParser } from '../sql/parser';
import { readTree } from '../sql/syntax-tree';
import type { FoundStatement } from './nested-side';

/** What a text does: its command, the tables it names, shards being folded already, and the columns. */
interface Shape {
  command: string;
  relations: Set<string>;
  columns: Set<string>;
}

/**
 * The statements with their counts. Of the node the client is connected to by the text's fingerprint, as statistics keep
 * variables and blank out constants; what the source does not have (EXECUTE, triggers) is added. Of workers by command and
 * tables, since each runs its part of a statement in its own words.
 */
export function attachCounts(
  parser: SqlParser,
  statements: readonly FoundStatement[],
  counted: readonly CountedStatement[],
): FoundStatement[] {
  const result = statements.map(statement => ({ ...statement }));
  const fingerprints = result.map(({ sql }) => parser.fingerprint(sql));
  const local = counted.filter(({ node }) => node === undefined);
  for (const entry of local) {
    const fingerprint = parser.fingerprint(entry.sql) ?? parser.fingerprint(`SELECT ${entry.sql}`);
    const at = fingerprints.findIndex(
      (own, index) => own !== undefined && own === fingerprint && result[index]!.timeFrom === 'none',
    );
    const { calls, totalMs, jitMs } = entry;
    const measured = { calls, totalMs, jitMs, timeFrom: 'statistics' } as const;
    const dynamic = at >= 0 ? undefined : result.find(statement => mayMake(statement, entry.sql));
    if (at >= 0) Object.assign(result[at]!, measured);
    else if (dynamic) Object.assign(dynamic, measured, { sql: entry.sql });
    else result.push({ sql: entry.sql, parent: -1, ...measured });
  }
  attachWorkers(parser, result, counted);
  return result;
}

/** An EXECUTE that was not found yet and whose expression has the text's first word in it. */
function mayMake({ source, timeFrom }: FoundStatement, sql: string): boolean {
  if (source?.kind !== 'dynamic' || timeFrom !== 'none') return false;
  const word = /^\W*(\w+)/.exec(sql)?.[1];
  return word !== undefined && source.sql.toLowerCase().includes(word.toLowerCase());
}

function attachWorkers(parser: SqlParser, statements: FoundStatement[], counted: readonly CountedStatement[]): void {
  const shapes = statements.map(({ sql }) => shapeOf(parser, sql));
  for (const { node, sql, calls, totalMs, jitMs } of counted) {
    if (node === undefined) continue;
    const statement = statements[closest(shapeOf(parser, sql), shapes)];
    if (!statement) continue;
    statement.nodes ??= [];
    let entry: NestedNode | undefined = statement.nodes.find(known => known.node === node);
    if (!entry) {
      entry = { node, calls: 0, totalMs: 0 };
      statement.nodes.push(entry);
    }
    entry.calls += calls;
    entry.totalMs += totalMs;
    if (jitMs !== undefined) entry.jitMs = (entry.jitMs ?? 0) + jitMs;
  }
  for (const { nodes } of statements) nodes?.sort((a, b) => b.totalMs - a.totalMs);
}

/** Gives each statement whose values are not all known the first text that Citus sent for it: its values are in place. */
export function attachRemote(parser: SqlParser, statements: FoundStatement[], commands: readonly string[]): void {
  const shapes = statements.map(({ sql }) => shapeOf(parser, sql));
  for (const command of commands) {
    const statement = statements[closest(shapeOf(parser, command), shapes)];
    if (statement) statement.remote ??= command;
  }
}

const commands: Readonly<Record<string, string>> = {
  InsertStmt: 'INSERT',
  UpdateStmt: 'UPDATE',
  DeleteStmt: 'DELETE',
  MergeStmt: 'MERGE',
  SelectStmt: 'SELECT',
};

function shapeOf(parser: SqlParser, sql: string): Shape | undefined {
  const outcome = parser.parse(sql);
  const [statement] = outcome.ok ? outcome.statements : [];
  if (!statement) return undefined;
  const { relations } = readTree(statement.kind, statement.node);
  return {
    command: commands[statement.kind] ?? statement.kind,
    relations: new Set(relations.map(({ name }) => name)),
    columns: columnsOf(statement.node),
  };
}

/** Names of columns read or written; that variables are among them does no harm. */
function columnsOf(root: object): Set<string> {
  const names = new Set<string>();
  const open: [string, unknown][] = [['', root]];
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    const [key, value] = item;
    if (typeof value !== 'object' || value === null) continue;
    const node = value as { name?: unknown; fields?: { String?: { sval?: string } }[] };
    if (key === 'ResTarget' && typeof node.name === 'string') names.add(node.name);
    if (key === 'ColumnRef') names.add(node.fields?.at(-1)?.String?.sval ?? '*');
    for (const [field, inner] of Object.entries(value)) open.push([Array.isArray(value) ? key : field, inner]);
  }
  return names;
}

/**
 * The statement whose tables hold all of the shape's: the same command first, then an INSERT for its SELECT, then the fewest
 * other tables, then the most columns in common.
 */
function closest(shape: Shape | undefined, candidates: readonly (Shape | undefined)[]): number {
  if (!shape || shape.relations.size === 0) return -1;
  let best = -1;
  let bestScore = Number.POSITIVE_INFINITY;
  candidates.forEach((candidate, index) => {
    if (!candidate || ![...shape.relations].every(name => candidate.relations.has(name))) return;
    const others = candidate.relations.size - shape.relations.size;
    const command =
      candidate.command === shape.command
        ? 0
        : candidate.command === 'INSERT' && shape.command === 'SELECT'
          ? 1_000
          : 2_000;
    const score = command + others + unlike(shape.columns, candidate.columns);
    if (score < bestScore) {
      best = index;
      bestScore = score;
    }
  });
  return best;
}

/** 0 for the same names, 1 for none in common. */
function unlike(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const common = [...a].filter(name => b.has(name)).length;
  return 1 - common / Math.max(1, a.size + b.size - common);
}
