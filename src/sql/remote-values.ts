/** Values of variables, read off the statement that Citus sent to a worker with these values in place. */
import type { SqlParser } from './parser';
import { constant } from './plpgsql-values';

type Node = Record<string, unknown>;

/**
 * For `$n` in `sql` the constant that stands in its place in `remote`: compared with the same column by the same operator,
 * assigned to the same column, or inserted into it. A `$n` whose places say different things is left out.
 */
export function valuesFromRemote(parser: SqlParser, sql: string, remote: string): Map<string, string> {
  const wanted = placesOf(parser, sql, node => {
    const number = (node.ParamRef as Node | undefined)?.number;
    return typeof number === 'number' ? `$${number}` : undefined;
  });
  const given = placesOf(parser, remote, constantOf);
  const values = new Map<string, string>();
  const unclear = new Set<string>();
  for (const [place, names] of wanted) {
    const constants = new Set(given.get(place) ?? []);
    if (constants.size !== 1) continue;
    const [value] = [...constants];
    for (const name of names) {
      if (values.has(name) && values.get(name) !== value) unclear.add(name);
      values.set(name, value!);
    }
  }
  for (const name of unclear) values.delete(name);
  return values;
}

/** Whether `remote` can be `sql` with values in place: no constant of `sql` stands there as another. */
export function isConsistent(parser: SqlParser, sql: string, remote: string): boolean {
  const written = placesOf(parser, sql, constantOf);
  const given = placesOf(parser, remote, constantOf);
  return [...written].every(([place, constants]) => {
    const others = given.get(place);
    // Times are written in more than one way.
    return !others || constants.every(value => others.includes(value) || /^'\d+-/.test(value));
  });
}

/** Operands as `pick` names them, by where they stand: `created_at >=`, `SET note`, `VALUES note`. */
function placesOf(parser: SqlParser, sql: string, pick: (node: Node) => string | undefined): Map<string, string[]> {
  const places = new Map<string, string[]>();
  const parsed = parser.parse(sql);
  if (!parsed.ok) return places;
  const add = (place: string | undefined, operand: unknown) => {
    const value = place === undefined ? undefined : pick(uncast(operand));
    if (value !== undefined) places.set(place!, [...(places.get(place!) ?? []), value]);
  };
  const open: unknown[] = [{ [parsed.statements[0]!.kind]: parsed.statements[0]!.node }];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const node = value as Node;
    const expression = node.A_Expr as Node | undefined;
    if (expression) {
      const operator = nameOf(expression.name);
      add(placed(columnOf(expression.lexpr), operator), expression.rexpr);
      add(placed(columnOf(expression.rexpr), commuted[operator ?? '']), expression.lexpr);
    }
    const update = node.UpdateStmt as Node | undefined;
    for (const item of (update?.targetList ?? []) as Node[]) {
      const target = item.ResTarget as Node;
      add(`SET ${target.name}`, target.val);
    }
    const insert = node.InsertStmt as Node | undefined;
    if (insert) addInserted(insert, add);
    for (const inner of Object.values(node)) open.push(inner);
  }
  return places;
}

function addInserted(insert: Node, add: (place: string | undefined, operand: unknown) => void): void {
  const columns = ((insert.cols ?? []) as Node[]).map(column => (column.ResTarget as Node).name);
  const select = (insert.selectStmt as Node | undefined)?.SelectStmt as Node | undefined;
  for (const row of (select?.valuesLists ?? []) as Node[]) {
    const items = ((row.List as Node | undefined)?.items ?? []) as Node[];
    items.forEach((item, index) => {
      if (columns[index] !== undefined) add(`VALUES ${columns[index]}`, item);
      // Without a list of columns the source goes by their order, in which Citus writes them all.
      add(`VALUES ${index + 1}`, item);
    });
  }
}

function placed(column: string | undefined, operator: string | undefined): string | undefined {
  return column === undefined || operator === undefined ? undefined : `${column} ${operator}`;
}

const commuted: Readonly<Record<string, string>> = { '=': '=', '<>': '<>', '<': '>', '>': '<', '<=': '>=', '>=': '<=' };

/** Citus writes operators with their schema. */
function nameOf(name: unknown): string | undefined {
  return ((name as Node[] | undefined)?.at(-1)?.String as { sval?: string } | undefined)?.sval;
}

function columnOf(operand: unknown): string | undefined {
  const column = uncast(operand).ColumnRef as Node | undefined;
  return nameOf(column?.fields);
}

function uncast(operand: unknown): Node {
  let node = (operand ?? {}) as Node;
  while (node.TypeCast) node = ((node.TypeCast as Node).arg ?? {}) as Node;
  return node;
}

function constantOf(node: Node): string | undefined {
  const literal = node.A_Const as Node | undefined;
  if (!literal) return undefined;
  if (literal.isnull) return 'NULL';
  const { ival, fval, sval, boolval } = literal as Record<string, Node | undefined>;
  if (sval) return constant(String(sval.sval ?? ''));
  if (ival) return String(ival.ival ?? 0);
  if (fval) return String(fval.fval);
  return boolval ? String(boolval.boolval ?? false) : undefined;
}
