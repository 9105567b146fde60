/**
 * The parse tree of a statement as text, without what Citus adds or changes when it writes a statement for a shard: casts of
 * parameters, aliases that repeat the name, qualifiers that nobody needs, names that columns have anyway.
 */

type Node = Record<string, unknown>;

/** The alias that Citus gives the target of an INSERT (deparse_shard_query.c, `CITUS_TABLE_ALIAS`). */
const citusAlias = 'citus_table_alias';

/** Takes the tree apart: it is of no other use afterwards. Undefined when it is too deep to be written. */
export function treeText(kind: string, root: Node): string | undefined {
  const only = onlyRelation(root);
  const open: Node[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const key of Object.keys(node)) {
      if (/location$|list_start$|list_end$/.test(key)) {
        delete node[key];
        continue;
      }
      const value = node[key];
      if (Array.isArray(value)) node[key] = value.map(uncast);
      else if (typeof value === 'object' && value !== null) node[key] = uncast(value);
    }
    simplify(node, only);
    for (const value of Object.values(node)) pushNodes(open, value);
  }
  try {
    return `${kind}${JSON.stringify(root)}`;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function pushNodes(open: Node[], value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) for (const item of value) pushNodes(open, item);
  else open.push(value as Node);
}

/** `$1::text` says no more than `$1`: the parameter has that type there. */
function uncast(value: unknown): unknown {
  let inner = value as Node | null;
  while (inner && typeof inner === 'object' && inner.TypeCast) inner = (inner.TypeCast as Node).arg as Node | null;
  return inner && typeof inner === 'object' && inner.ParamRef ? inner : value;
}

interface Relation {
  name: string;
  alias: string | undefined;
}

/** The one table of the statement, when nothing else in it has columns. */
function onlyRelation(root: Node): Relation | undefined {
  let found: Relation | undefined;
  const open: Node[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const [key, value] of Object.entries(node)) {
      if (key === 'RangeSubselect' || key === 'RangeFunction' || key === 'CommonTableExpr') return undefined;
      pushNodes(open, value);
    }
    if (typeof node.relname !== 'string') continue;
    if (found) return undefined;
    found = { name: node.relname, alias: aliasOf(node) };
  }
  return found;
}

function aliasOf(relation: Node): string | undefined {
  return (relation.alias as Node | undefined)?.aliasname as string | undefined;
}

function simplify(node: Node, only: Relation | undefined): void {
  if (typeof node.relname === 'string') {
    const alias = aliasOf(node);
    const named = (node.alias as Node | undefined)?.colnames !== undefined;
    if (!named && (only || alias === node.relname || alias === citusAlias)) delete node.alias;
  }
  const column = node.ColumnRef as Node | undefined;
  if (column && only) {
    const fields = column.fields as Node[];
    const qualifier = (fields[0]?.String as Node | undefined)?.sval;
    if (fields.length === 2 && (qualifier === only.name || qualifier === only.alias)) column.fields = fields.slice(1);
  }
  const target = node.ResTarget as Node | undefined;
  if (target?.val && isImplied(target.name, target.val as Node)) delete target.name;
}

/** What a column of a SELECT is called without AS (FigureColname in parse_target.c): Citus writes it always. */
function isImplied(name: unknown, value: Node): boolean {
  if (name === '?column?') return true;
  const [kind, inner] = Object.entries(value)[0] ?? [];
  const fixed = {
    CoalesceExpr: 'coalesce',
    CaseExpr: 'case',
    A_ArrayExpr: 'array',
    RowExpr: 'row',
    NullIfExpr: 'nullif',
  };
  if (kind !== undefined && Object.hasOwn(fixed, kind)) return name === fixed[kind as keyof typeof fixed];
  const { fields, funcname } = (inner ?? {}) as { fields?: Node[]; funcname?: Node[] };
  return name !== undefined && name === ((fields ?? funcname)?.at(-1)?.String as Node | undefined)?.sval;
}

/**
 * The text of a tree without what only Citus's own text of a task has besides: `WHERE true`, kept as `WHERE $1`, after which
 * parameters count on. Not for pairs: it takes statements for one that differ in which parameter stands where.
 */
export function taskTreeText(tree: string): string {
  return tree.replace(/,?"whereClause":\{"ParamRef":\{"number":\d+\}\}/g, '').replace(/"number":\d+/g, '');
}
