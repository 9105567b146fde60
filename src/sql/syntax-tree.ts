/** What a statement's tree holds: what it calls and names, and the writing parts inside it. */

export interface QualifiedName {
  schema?: string;
  name: string;
}

/** A name, and where it stands first: a UTF-16 offset; 0 when the grammar does not say. */
export interface PlacedName extends QualifiedName {
  at: number;
}

export interface TreeContents {
  functions: PlacedName[];
  /** Tables, views and the like; names of WITH queries are left out where they are in scope. */
  relations: PlacedName[];
  /** As they are written, and those that stand behind a keyword: `=` behind IN, `~~` behind LIKE. */
  operators: PlacedName[];
  /** Types that something is turned into. */
  types: PlacedName[];
  /** Names behind a dot: `t.f` is `f(t)` when the table has no such column (PostgreSQL documentation, "Value Expressions"). */
  fields: PlacedName[];
  /** What inside a SELECT writes or locks, in plain words; a locking clause has no place of its own in the tree. */
  writes: { what: string; kind: 'WITH' | 'INTO' | 'lock'; at: number }[];
  /** Where the first of $1, $2, … stands. */
  parameterAt?: number;
}

type Node = Record<string, unknown>;

/** Names of the WITH queries that can be seen. */
type Scope = ReadonlySet<string>;

const writingStatements: Readonly<Record<string, string>> = {
  InsertStmt: 'INSERT',
  UpdateStmt: 'UPDATE',
  DeleteStmt: 'DELETE',
  MergeStmt: 'MERGE',
};

const lockStrengths: Readonly<Record<string, string>> = {
  LCS_FORKEYSHARE: 'FOR KEY SHARE',
  LCS_FORSHARE: 'FOR SHARE',
  LCS_FORNOKEYUPDATE: 'FOR NO KEY UPDATE',
  LCS_FORUPDATE: 'FOR UPDATE',
};

/** Walks the whole tree of one statement; a loop, since trees are as deep as statements nest. */
export function readTree(kind: string, root: object): TreeContents {
  const functions = new Names();
  const relations = new Names();
  const operators = new Names();
  const types = new Names();
  const fields = new Names();
  const writes: TreeContents['writes'] = [];
  let parameterAt: number | undefined;
  const open: [key: string, node: Node, scope: Scope][] = [[kind, root as Node, new Set()]];

  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    const [key, node, scope] = item;
    const at = placeOf(node);
    if (key === 'FuncCall' || key === 'funccall') functions.addParts(node.funcname, at);
    else if (typeof node.relname === 'string') {
      const schema = node.schemaname as string | undefined;
      // A WITH query can be read from, never written to: the target of an INSERT is a table whatever its name.
      const isWithQuery = key === 'RangeVar' && schema === undefined && scope.has(node.relname);
      if (!isWithQuery) relations.add({ ...(schema !== undefined && { schema }), name: node.relname, at });
    } else if (key === 'CommonTableExpr') {
      const command = writingStatements[Object.keys(node.ctequery as Node)[0]!];
      if (command) writes.push({ what: `WITH "${node.ctename}" holds ${article(command)}`, kind: 'WITH', at });
    } else if (key === 'intoClause') {
      const table = node.rel as Node;
      const what = `SELECT INTO creates the table "${table.relname}"`;
      writes.push({ what, kind: 'INTO', at: placeOf(table) });
    } else if (key === 'LockingClause') {
      const clause = lockStrengths[String(node.strength)] ?? 'A locking clause';
      writes.push({ what: `${clause} locks the rows it reads`, kind: 'lock', at: 0 });
    } else if (key === 'A_Expr') {
      // BETWEEN has no operator's name in the tree.
      if (String(node.kind).includes('BETWEEN')) for (const name of ['<', '<=', '>', '>=']) operators.add({ name, at });
      else operators.addParts(node.name, at);
    } else if (key === 'SubLink') {
      if (node.operName !== undefined) operators.addParts(node.operName, at);
      else if (node.testexpr !== undefined) operators.add({ name: '=', at });
    } else if (key === 'SortBy' && node.useOp !== undefined) operators.addParts(node.useOp, at);
    else if (key === 'ParamRef') parameterAt = Math.min(parameterAt ?? at, at);
    else if (key === 'ColumnRef') fields.addField(node.fields as Node[], 1, at);
    else if (key === 'A_Indirection') fields.addField(node.indirection as Node[], 0, placeOfFirst(node));
    else if (Array.isArray(node.names) && 'typemod' in node) types.addParts(node.names, at);
    const inner = node.withClause === undefined ? scope : pushWithQueries(open, node.withClause as Node, scope);
    for (const [field, value] of Object.entries(node)) {
      // Locked relations are named by their alias.
      if (field === 'withClause' || field === 'lockedRels') continue;
      pushNodes(open, field, value, inner);
    }
  }
  return {
    functions: functions.all(),
    relations: relations.all(),
    operators: operators.all(),
    types: types.all(),
    fields: fields.all(),
    writes,
    ...(parameterAt !== undefined && { parameterAt }),
  };
}

function pushNodes(open: [string, Node, Scope][], key: string, value: unknown, scope: Scope): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) for (const item of value) pushNodes(open, key, item, scope);
  else open.push([key, value as Node, scope]);
}

/** Queues the queries of a WITH, each with the names it can see, and returns the names its statement can see. */
function pushWithQueries(open: [string, Node, Scope][], withClause: Node, outer: Scope): Scope {
  const queries = ((withClause.ctes ?? []) as Node[]).map(item => item.CommonTableExpr as Node);
  const all = new Set([...outer, ...queries.map(query => String(query.ctename))]);
  const sofar = new Set(outer);
  for (const query of queries) {
    open.push(['CommonTableExpr', query, withClause.recursive ? all : new Set(sofar)]);
    sofar.add(String(query.ctename));
  }
  return all;
}

/** Names without repetition. */
class Names {
  readonly #byKey = new Map<string, PlacedName>();

  add(name: PlacedName): void {
    const key = JSON.stringify([name.schema, name.name]);
    const at = Math.min(this.#byKey.get(key)?.at ?? name.at, name.at);
    this.#byKey.set(key, { ...name, at });
  }

  /** A name as the grammar has it: `schema` and `name`, perhaps with a database before them. */
  addParts(parts: unknown, at: number): void {
    const words = (parts as { String: { sval?: string } }[]).map(part => part.String.sval ?? '');
    const schema = words.at(-2);
    this.add({ ...(schema !== undefined && { schema }), name: words.at(-1)!, at });
  }

  /** Every name from the `first` on. */
  addField(parts: readonly Node[], first: number, at: number): void {
    for (const part of parts.slice(first)) {
      const name = (part.String as { sval?: string } | undefined)?.sval;
      if (name !== undefined) this.add({ name, at });
    }
  }

  all(): PlacedName[] {
    return [...this.#byKey.values()];
  }
}

/** The grammar leaves 0 out, and says -1 where it does not know. */
function placeOf(node: Node): number {
  return Math.max(0, Number(node.location ?? 0));
}

/** Where an expression begins whose own node has no place. */
function placeOfFirst(node: Node): number {
  const [inner] = Object.values((node.arg ?? {}) as Record<string, Node>);
  return inner === undefined ? 0 : placeOf(inner);
}

function article(command: string): string {
  return /^[AEIOU]/.test(command) ? `an ${command}` : `a ${command}`;
}
