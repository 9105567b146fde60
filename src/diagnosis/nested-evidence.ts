/** Joins what statistics and Citus's remote commands say to the statements that the source of a call has. */
import type { CountedStatement } from '../cluster/nested-statistics';
import type { NestedNode } from '../shared/nested';
import type { SqlParser } from '../sql/parser';
import { isConsistent } from '../sql/remote-values';
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
 * variables and blank out constants. They know one text for all that differ in variables only, be it another routine's:
 * so what is left goes by command, tables and columns, and then to an EXECUTE; what the source does not have is added.
 * Of workers by command and tables, since each runs its part of a statement in its own words.
 */
export function attachCounts(
  parser: SqlParser,
  statements: readonly FoundStatement[],
  counted: readonly CountedStatement[],
): FoundStatement[] {
  const result = statements.map(statement => ({ ...statement }));
  const fingerprints = result.map(({ sql }) => parser.fingerprint(sql));
  const shapes = result.map(({ sql }) => shapeOf(parser, sql));
  const isFree = (index: number) => result[index]!.timeFrom === 'none';
  const byFingerprint = ({ sql }: CountedStatement) => {
    const own = parser.fingerprint(sql) ?? parser.fingerprint(`SELECT ${sql}`);
    return fingerprints.findIndex((other, index) => other !== undefined && other === own && isFree(index));
  };
  const byShape = ({ sql }: CountedStatement) => {
    const shape = shapeOf(parser, sql);
    const isAlike = (index: number) =>
      isFree(index) &&
      shapes[index]!.command === shape!.command &&
      shapes[index]!.relations.size === shape!.relations.size &&
      differsInVariables(parser, result[index]!, shape!);
    return closest(shape, shapes, isAlike);
  };
  const byCommand = ({ sql }: CountedStatement) => result.findIndex(statement => mayMake(statement, sql));
  let left = counted.filter(({ node }) => node === undefined);
  for (const find of [byFingerprint, byShape, byCommand]) {
    left = left.filter(entry => {
      const statement = result[find(entry)];
      if (!statement) return true;
      Object.assign(statement, measured(entry), statement.source?.kind === 'dynamic' ? { sql: entry.sql } : {});
      return false;
    });
  }
  for (const entry of left) result.push({ sql: entry.sql, parent: -1, ...measured(entry) });
  attachWorkers(parser, result, counted);
  return result;
}

/** The same columns, and no more other names than the statement has variables, of which it must have one. */
function differsInVariables(parser: SqlParser, { sql, source }: FoundStatement, { columns }: Shape): boolean {
  if (!source?.filled) return false;
  const own = shapeOf(parser, source.filled.sql)?.columns ?? new Set<string>();
  const variables = [...(shapeOf(parser, sql)?.columns ?? [])].filter(name => !own.has(name)).length;
  const others = [...columns].filter(name => !own.has(name)).length;
  return variables > 0 && others <= variables && [...own].every(name => columns.has(name));
}

function measured({ calls, totalMs, jitMs }: CountedStatement) {
  return { calls, totalMs, jitMs, timeFrom: 'statistics' } as const;
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

/** As many texts of one statement say what its values were. */
const mostTexts = 50;

/** Gives each statement the texts that Citus sent for it, in their order: values are in place there. */
export function attachRemote(parser: SqlParser, statements: FoundStatement[], commands: readonly string[]): void {
  const shapes = statements.map(({ sql }) => shapeOf(parser, sql));
  for (const command of commands) {
    const shape = shapeOf(parser, command);
    const fits = (index: number) => isConsistent(parser, statements[index]!.sql, command);
    const statement = statements[closest(shape, shapes, fits)];
    if (!statement) continue;
    statement.remote ??= [];
    if (statement.remote.length < mostTexts) statement.remote.push(command);
  }
}

/** By the node of the grammar; an INSERT without VALUES is `INSERT SELECT`. */
const commands: Readonly<Record<string, string>> = {
  InsertStmt: 'INSERT',
  UpdateStmt: 'UPDATE',
  DeleteStmt: 'DELETE',
  MergeStmt: 'MERGE',
  SelectStmt: 'SELECT',
  CopyStmt: 'COPY',
};

/** What workers do for a statement of another kind: rows pulled to the coordinator, and copied from there. */
const partOf: Readonly<Record<string, number>> = { 'COPY of INSERT SELECT': 1, 'SELECT of INSERT SELECT': 1_000 };

function shapeOf(parser: SqlParser, sql: string): Shape | undefined {
  const outcome = parser.parse(sql);
  const [statement] = outcome.ok ? outcome.statements : [];
  if (!statement) return undefined;
  const { relations } = readTree(statement.kind, statement.node);
  const select = (statement.node.selectStmt as { SelectStmt?: { valuesLists?: unknown } } | undefined)?.SelectStmt;
  const command = commands[statement.kind] ?? statement.kind;
  return {
    command: command === 'INSERT' && select && !select.valuesLists ? 'INSERT SELECT' : command,
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
function closest(
  shape: Shape | undefined,
  candidates: readonly (Shape | undefined)[],
  fits: (index: number) => boolean = () => true,
): number {
  if (!shape || shape.relations.size === 0) return -1;
  let best = -1;
  let bestScore = Number.POSITIVE_INFINITY;
  candidates.forEach((candidate, index) => {
    if (!candidate || ![...shape.relations].every(name => candidate.relations.has(name))) return;
    const others = candidate.relations.size - shape.relations.size;
    const command =
      candidate.command === shape.command ? 0 : (partOf[`${shape.command} of ${candidate.command}`] ?? 2_000);
    const score = command + others + unlike(shape.columns, candidate.columns);
    if (score < bestScore && fits(index)) {
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
