/**
 * The statements inside a PL/pgSQL body and what is known of its variables, read from the tree of PL/pgSQL's own grammar
 * ({@link SqlParser.parseRoutine}).
 */
import { Lexer } from './lexer';
import type { SqlParser } from './parser';

export interface PlpgsqlVariable {
  name: string;
  /** As declared: `date`, `analytics.events.tenant_id%TYPE`; absent for records. */
  type?: string;
  /** The expression of its only value: its default, or its one assignment outside loops and branches. */
  value?: string;
  /** It gets values while the routine runs, so that no text says which it has. */
  isAssigned: boolean;
}

export interface PlpgsqlStatement {
  /**
   * - `sql`: a statement as SPI gets it.
   * - `expression`: an expression, written as `SELECT …`; of interest when it reads tables or calls routines.
   * - `dynamic`: EXECUTE of a text that only the running routine knows; `sql` is the expression that makes it.
   */
  kind: 'sql' | 'expression' | 'dynamic';
  sql: string;
  /** Line in the body, as error contexts count. */
  line: number;
  inLoop: boolean;
  /** In a branch, a loop or an exception handler, or behind a place where the routine may end: it need not run. */
  conditional: boolean;
  /** Expressions behind USING, the values of `$1`, `$2`, … */
  using: string[];
}

export interface PlpgsqlRoutine {
  statements: PlpgsqlStatement[];
  /** By name; several of one name are left out, as scopes are not told apart. */
  variables: Map<string, PlpgsqlVariable>;
  /** COMMIT or ROLLBACK inside: it cannot run in a transaction that is rolled back. */
  endsTransaction: boolean;
}

type Node = Record<string, unknown>;

/** Reads a `CREATE FUNCTION`, `CREATE PROCEDURE` or `DO`, or gives the grammar's complaint. */
export function readPlpgsql(parser: SqlParser, definition: string): PlpgsqlRoutine | { message: string } {
  const parsed = parser.parseRoutine(definition);
  if ('message' in parsed) return parsed;
  const [first] = (parsed.tree as { plpgsql_funcs?: Node[] }).plpgsql_funcs ?? [];
  const body = first?.PLpgSQL_function as Node | undefined;
  if (!body) return { message: 'The text holds no routine.' };
  return new Reader((body.datums ?? []) as Node[]).read(body);
}

interface Place {
  line: number;
  inLoop: boolean;
  conditional: boolean;
}

const loops: ReadonlySet<string> = new Set('loop while fori fors forc foreach_a dynfors'.split(' '));
const endings: ReadonlySet<string> = new Set(['return', 'raise', 'exit']);
const branches: ReadonlySet<string> = new Set(['if', 'case']);
const statementTag = /^PLpgSQL_stmt_(\w+)$/;

/** Where each kind of statement keeps its SQL; what else it holds are expressions. */
const queryField: Readonly<Record<string, string>> = {
  execsql: 'sqlstmt',
  perform: 'expr',
  call: 'expr',
  fors: 'query',
  open: 'query',
  return_query: 'query',
};
const dynamicField: Readonly<Record<string, string>> = {
  dynexecute: 'query',
  dynfors: 'query',
  open: 'dynquery',
  return_query: 'dynquery',
};

class Reader {
  readonly #statements: PlpgsqlStatement[] = [];
  readonly #written = new Map<number, { expression?: string; place: Place }[]>();
  #endsTransaction = false;
  #mayHaveEnded = false;

  constructor(private readonly datums: Node[]) {}

  read(body: Node): PlpgsqlRoutine {
    const start: Place = { line: 1, inLoop: false, conditional: false };
    const open: [tag: string, node: unknown, place: Place][] = [['', body.action, start]];
    for (let item = open.pop(); item !== undefined; item = open.pop()) {
      const [tag, node, place] = item;
      const kind = statementTag.exec(tag)?.[1];
      const inside = kind === undefined ? place : this.#statement(kind, node as Node, place);
      // Last first, so that they come off the stack in the order they stand.
      for (const [innerTag, inner] of entries(node).reverse()) {
        const isHandler = innerTag === 'PLpgSQL_exception';
        open.push([innerTag, inner, isHandler ? { ...inside, conditional: true } : inside]);
      }
    }
    return { statements: this.#statements, variables: this.#variables(), endsTransaction: this.#endsTransaction };
  }

  /** Notes the statement itself and returns the place of what lies inside it. */
  #statement(kind: string, node: Node, outer: Place): Place {
    const place = { ...outer, line: typeof node.lineno === 'number' ? node.lineno : outer.line };
    if (kind === 'commit' || kind === 'rollback') this.#endsTransaction = true;
    if (endings.has(kind) && place.conditional) this.#mayHaveEnded = true;
    this.#noteWrites(kind, node, place);
    const query = queryField[kind] === undefined ? undefined : node[queryField[kind]];
    const dynamic = dynamicField[kind] === undefined ? undefined : node[dynamicField[kind]];
    if (query) this.#add('sql', queryOf(query), place);
    if (dynamic) this.#addDynamic(queryOf(dynamic), (node.params ?? []) as unknown[], place);
    const cursor = kind === 'forc' || (kind === 'open' && !query && !dynamic) ? this.#cursorQuery(node) : undefined;
    if (cursor !== undefined) this.#add('sql', cursor, place);
    for (const [field, value] of Object.entries(node)) {
      if (value === query || value === dynamic || (dynamic && field === 'params')) continue;
      for (const expression of ownExpressions(value))
        this.#add('expression', `SELECT ${withoutTarget(expression)}`, place);
    }
    return {
      ...place,
      inLoop: place.inLoop || loops.has(kind),
      conditional: place.conditional || loops.has(kind) || branches.has(kind),
    };
  }

  #add(kind: PlpgsqlStatement['kind'], text: string, place: Place, using: string[] = []): void {
    const { line, inLoop } = place;
    const conditional = place.conditional || this.#mayHaveEnded;
    this.#statements.push({ kind, sql: text.trim(), line, inLoop, conditional, using });
  }

  #addDynamic(text: string, params: unknown[], place: Place): void {
    const constant = stringConstant(text);
    this.#add(constant === undefined ? 'dynamic' : 'sql', constant ?? text, place, params.map(queryOf));
  }

  #cursorQuery(node: Node): string | undefined {
    const explicit = this.datums[Number(node.curvar ?? 0)]?.PLpgSQL_var as Node | undefined;
    return explicit?.cursor_explicit_expr ? queryOf(explicit.cursor_explicit_expr) : undefined;
  }

  #noteWrites(kind: string, node: Node, place: Place): void {
    const write = (datum: unknown, expression?: string) => {
      const index = Number(datum ?? 0);
      const writes = this.#written.get(index) ?? [];
      writes.push(expression === undefined ? { place } : { expression, place });
      this.#written.set(index, writes);
    };
    if (kind === 'assign') write(node.varno, withoutTarget(queryOf(node.expr)));
    if (kind === 'foreach_a') write(node.varno);
    for (const item of (node.diag_items ?? []) as Node[]) write((item.PLpgSQL_diag_item as Node).target);
    for (const target of [node.target, node.var, node.row, node.rec] as (Node | undefined)[]) {
      const row = target?.PLpgSQL_row as Node | undefined;
      for (const field of (row?.fields ?? []) as Node[]) write(field.varno);
      const variable = (target?.PLpgSQL_var ?? target?.PLpgSQL_rec) as Node | undefined;
      if (variable) write(this.#datumNumber(variable));
    }
  }

  #datumNumber(variable: Node): number {
    if (typeof variable.dno === 'number') return variable.dno;
    return this.datums.findIndex(datum => {
      const own = (datum.PLpgSQL_var ?? datum.PLpgSQL_rec) as Node | undefined;
      return own?.refname === variable.refname && own?.lineno === variable.lineno;
    });
  }

  #variables(): Map<string, PlpgsqlVariable> {
    const variables = new Map<string, PlpgsqlVariable>();
    const twice = new Set<string>();
    this.datums.forEach((datum, index) => {
      const node = (datum.PLpgSQL_var ?? datum.PLpgSQL_rec) as Node | undefined;
      if (typeof node?.refname !== 'string' || node.cursor_explicit_expr) return;
      const name = node.refname;
      if (variables.has(name)) twice.add(name);
      const writes = this.#written.get(index) ?? [];
      const variable: PlpgsqlVariable = { name, isAssigned: writes.length > 0 || name === 'found' };
      const type = ((node.datatype as Node | undefined)?.PLpgSQL_type as Node | undefined)?.typname;
      if (typeof type === 'string' && datum.PLpgSQL_var) variable.type = withoutQuotes(type.trim());
      const [only] = writes;
      if (node.default_val && writes.length === 0) variable.value = queryOf(node.default_val);
      else if (!node.default_val && writes.length === 1 && !only!.place.conditional && only!.expression !== undefined)
        variable.value = only!.expression;
      variables.set(name, variable);
    });
    for (const name of twice) variables.set(name, { name, isAssigned: true });
    return variables;
  }
}

/** The grammar writes types that it adds itself as `pg_catalog."integer"`, a name that the catalog does not have. */
function withoutQuotes(type: string): string {
  return type.replace(/^pg_catalog\."(\w+)"$/, '$1');
}

function entries(value: unknown): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [];
  return Array.isArray(value) ? value.flatMap(item => entries(item)) : Object.entries(value);
}

/** Expressions in a field, those of statements inside it left out. */
function ownExpressions(field: unknown): string[] {
  const found: string[] = [];
  const open: unknown[] = [{ field }];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    for (const [tag, node] of entries(value)) {
      if (tag === 'PLpgSQL_expr') found.push(queryOf({ [tag]: node }));
      else if (!statementTag.test(tag) && typeof node === 'object' && node !== null) open.push(node);
    }
  }
  return found;
}

function queryOf(expression: unknown): string {
  const { query } = ((expression as Node | undefined)?.PLpgSQL_expr ?? {}) as { query?: string };
  return query ?? '';
}

/** The expression of an assignment, which is kept with what it is assigned to: `n := (SELECT 1)`. */
function withoutTarget(text: string): string {
  const lexer = new Lexer(text);
  for (let previous = ''; lexer.nextSignificant(); previous = lexer.value) {
    if (lexer.value === ':=') return text.slice(lexer.end).trim();
    // `=` assigns only right behind the target, which is a name, a field or an element of an array.
    if (lexer.value === '=') return isTarget(text.slice(0, lexer.start)) ? text.slice(lexer.end).trim() : text;
    if (lexer.kind === 'string' || previous === '(') return text;
  }
  return text;
}

const target = /^\s*(?:[A-Za-z_]\w*|"[^"]+")(?:\.(?:[A-Za-z_]\w*|"[^"]+")|\[[^\]]*\])*\s*$/;

function isTarget(text: string): boolean {
  return target.test(text);
}

/** What a lone string constant says: the text of `EXECUTE '…'`. */
function stringConstant(expression: string): string | undefined {
  const lexer = new Lexer(expression);
  if (!lexer.nextSignificant() || lexer.kind !== 'string') return undefined;
  const { value } = lexer;
  if (lexer.nextSignificant()) return undefined;
  if (value.startsWith("'")) return value.slice(1, -1).replaceAll("''", "'");
  const tag = /^\$\w*\$/.exec(value)?.[0];
  return tag === undefined ? undefined : value.slice(tag.length, -tag.length);
}
