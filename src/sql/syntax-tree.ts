/** What a statement's tree holds: the functions it calls, the relations it names, the writing parts inside it. */

export interface QualifiedName {
  schema?: string;
  name: string;
}

export interface TreeContents {
  functions: QualifiedName[];
  /** Tables, views and the like; names of WITH queries are left out where they are in scope. */
  relations: QualifiedName[];
  /** What inside a SELECT writes or locks, in plain words. */
  writes: string[];
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
  const functions = new Map<string, QualifiedName>();
  const relations = new Map<string, QualifiedName>();
  const writes = new Set<string>();
  const open: [key: string, node: Node, scope: Scope][] = [[kind, root as Node, new Set()]];

  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    const [key, node, scope] = item;
    if (key === 'FuncCall' || key === 'funccall') addName(functions, functionName(node));
    else if (typeof node.relname === 'string') {
      const schema = node.schemaname as string | undefined;
      // A WITH query can be read from, never written to: the target of an INSERT is a table whatever its name.
      const isWithQuery = key === 'RangeVar' && schema === undefined && scope.has(node.relname);
      if (!isWithQuery) addName(relations, { ...(schema !== undefined && { schema }), name: node.relname });
    } else if (key === 'CommonTableExpr') {
      const command = writingStatements[Object.keys(node.ctequery as Node)[0]!];
      if (command) writes.add(`WITH "${node.ctename}" holds ${article(command)}`);
    } else if (key === 'intoClause') {
      writes.add(`SELECT INTO creates the table "${(node.rel as Node).relname}"`);
    } else if (key === 'LockingClause') {
      writes.add(`${lockStrengths[String(node.strength)] ?? 'A locking clause'} locks the rows it reads`);
    }
    const inner = node.withClause === undefined ? scope : pushWithQueries(open, node.withClause as Node, scope);
    for (const [field, value] of Object.entries(node)) {
      // Locked relations are named by their alias.
      if (field === 'withClause' || field === 'lockedRels') continue;
      pushNodes(open, field, value, inner);
    }
  }
  return { functions: [...functions.values()], relations: [...relations.values()], writes: [...writes] };
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

function functionName(call: Node): QualifiedName {
  const parts = (call.funcname as { String: { sval?: string } }[]).map(part => part.String.sval ?? '');
  const schema = parts.at(-2);
  return { ...(schema !== undefined && { schema }), name: parts.at(-1)! };
}

function addName(names: Map<string, QualifiedName>, name: QualifiedName): void {
  names.set(JSON.stringify([name.schema, name.name]), name);
}

function article(command: string): string {
  return /^[AEIOU]/.test(command) ? `an ${command}` : `a ${command}`;
}
