/** Which routines a statement calls, and with which expressions as arguments. */
import { Lexer } from './lexer';
import type { SqlParser } from './parser';
import type { QualifiedName } from './syntax-tree';

export interface RoutineCall extends QualifiedName {
  /** As written: `from_day + 7`; `name` for `name => value`. */
  arguments: { name?: string; text: string }[];
}

type Node = Record<string, unknown>;

/** Every call of a function or procedure in one statement, in the order they stand; none when it does not parse. */
export function findCalls(parser: SqlParser, sql: string): RoutineCall[] {
  const parsed = parser.parse(sql);
  if (!parsed.ok) return [];
  const found: { at: number; call: RoutineCall }[] = [];
  walk(parsed.statements[0]?.node, (key, node) => {
    if (key !== 'FuncCall' && key !== 'funccall') return;
    const parts = ((node.funcname ?? []) as Node[]).map(part => (part.String as { sval?: string }).sval ?? '');
    const at = Number(node.location ?? 0);
    const name = parts.at(-1)!;
    const call: RoutineCall = { name, arguments: argumentsAt(sql, at) };
    if (parts.length > 1) call.schema = parts.at(-2)!;
    found.push({ at, call });
  });
  return found.sort((a, b) => a.at - b.at).map(({ call }) => call);
}

/** Whether an expression has one value whatever the tables hold: no column, no subquery, no parameter. */
export function isConstantExpression(parser: SqlParser, expression: string): boolean {
  const parsed = parser.parse(`SELECT ${expression}`);
  if (!parsed.ok || parsed.statements.length !== 1) return false;
  let constant = true;
  walk(parsed.statements[0]!.node, key => {
    if (key === 'ColumnRef' || key === 'SubLink' || key === 'ParamRef' || key === 'fromClause') constant = false;
  });
  return constant;
}

function walk(root: unknown, visit: (key: string, node: Node) => void): void {
  const open: [string, unknown][] = [['', root]];
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    const [key, value] = item;
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value)) visit(key, value as Node);
    for (const [field, inner] of Object.entries(value)) open.push([Array.isArray(value) ? key : field, inner]);
  }
}

/** The texts between the parentheses of the call whose name begins at `start`. */
function argumentsAt(sql: string, start: number): RoutineCall['arguments'] {
  const lexer = new Lexer(sql, start);
  while (lexer.nextSignificant() && lexer.value !== '(');
  const found: RoutineCall['arguments'] = [];
  let from = lexer.end;
  let depth = 1;
  while (depth > 0 && lexer.nextSignificant()) {
    const { value, kind } = lexer;
    if (kind !== 'symbol') continue;
    if (value === '(' || value === '[') depth += 1;
    else if (value === ')' || value === ']') depth -= 1;
    if (depth === 0 || (depth === 1 && value === ',')) {
      const text = sql.slice(from, lexer.start).trim();
      if (text) found.push(argument(text));
      from = lexer.end;
    }
  }
  return found;
}

const named = /^([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|"(?:[^"]|"")+")\s*(?:=>|:=)\s*/;

function argument(text: string): RoutineCall['arguments'][number] {
  const found = named.exec(text);
  if (!found) return { text: text.replace(/^VARIADIC\s+/i, '') };
  const name = found[1]!.startsWith('"') ? found[1]!.slice(1, -1).replaceAll('""', '"') : found[1]!.toLowerCase();
  return { name, text: text.slice(found[0].length) };
}
