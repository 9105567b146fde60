const joinPattern = /^(Merge|Hash|Nested Loop)(?: (Left|Full|Right|Semi|Anti|Right Semi|Right Anti))?(?: Join)?$/;
const aggregatePattern = /^(?:(Partial|Finalize) )?(Aggregate|GroupAggregate|HashAggregate|MixedAggregate)$/;
const setOpPattern = /^(HashSetOp|SetOp) (Intersect|Except)( All)?$/;
const barePattern =
  /^(?:Parallel |Async |Partial |Finalize )*(?:(?:Seq|Sample|Index|Index Only|Bitmap Index|Bitmap Heap|Tid|Tid Range|Subquery|Function|Table Function|Values|CTE|Named Tuplestore|WorkTable|Foreign) Scan\b.*|Custom Scan \(.*|(?:Foreign )?(?:Insert|Update|Delete|Merge) on .*|(?:Nested Loop|Hash|Merge)(?: [A-Z][a-z]+)* Join|Nested Loop|Hash|Result|ProjectSet|Append|Merge Append|Recursive Union|BitmapAnd|BitmapOr|Materialize|Memoize|Sort|Incremental Sort|Group|(?:Group|Hash|Mixed)?Aggregate|WindowAgg|Unique|Gather|Gather Merge|(?:Hash)?SetOp .*|LockRows|Limit)$/;
const strategies: Record<string, string> = {
  Aggregate: 'Plain',
  GroupAggregate: 'Sorted',
  HashAggregate: 'Hashed',
  MixedAggregate: 'Mixed',
};

/** One or two identifiers joined by a dot, each perhaps quoted, and an alias. */
const targetPattern = /^("(?:[^"]|"")*"|[^\s."]+)(?:\.("(?:[^"]|"")*"|[^\s"]+))?(?:\s+("(?:[^"]|"")*"|\S+))?$/;

function unquoted(identifier: string): string {
  return identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier;
}

interface Target {
  schema: string | undefined;
  name: string;
  alias: string | undefined;
}

function readTarget(text: string): Target {
  const match = targetPattern.exec(text);
  if (!match) return { schema: undefined, name: text, alias: undefined };
  const [, first = '', second, alias] = match;
  return {
    schema: second === undefined ? undefined : unquoted(first),
    name: unquoted(second ?? first),
    alias: alias === undefined ? undefined : unquoted(alias),
  };
}

/** Which property the thing scanned goes under, by node type. */
function targetName(type: string): string {
  if (type === 'CTE Scan' || type === 'WorkTable Scan') return 'CTE Name';
  if (type === 'Function Scan') return 'Function Name';
  if (type === 'Table Function Scan') return 'Table Function Name';
  if (type === 'Named Tuplestore Scan') return 'Tuplestore Name';
  return 'Relation Name';
}

/** Whether a line without figures (COSTS OFF) names an operator. */
export function isOperatorText(text: string): boolean {
  return barePattern.test(text);
}

/**
 * The operator names of FORMAT TEXT and what FORMAT JSON says instead: `Parallel Hash Left Join` is
 * `Node Type: Hash Join, Join Type: Left, Parallel Aware: true` (PostgreSQL's explain.c, ExplainNode).
 * Names and values come in FORMAT JSON's order.
 */
export function readOperatorText(text: string): [name: string, value: string][] {
  const properties: [string, string][] = [];
  let rest = text;
  let parallel = false;
  let async = false;
  if (rest.startsWith('Parallel ')) {
    parallel = true;
    rest = rest.slice(9);
  }
  if (rest.startsWith('Async ')) {
    async = true;
    rest = rest.slice(6);
  }
  const on = / on (?=\S)/.exec(rest);
  let name = on ? rest.slice(0, on.index) : rest;
  const target = on ? rest.slice(on.index + 4) : undefined;
  let index: string | undefined;
  const using = / using (?=\S)/.exec(name);
  if (using) {
    index = unquoted(name.slice(using.index + 7));
    name = name.slice(0, using.index);
  }
  let direction: string | undefined;
  if (name.endsWith(' Backward')) {
    direction = 'Backward';
    name = name.slice(0, -9);
  } else if (index !== undefined) direction = 'Forward';

  const type = pushType(name, properties);
  if (parallel) properties.push(['Parallel Aware', 'true']);
  if (async) properties.push(['Async Capable', 'true']);
  if (direction) properties.push(['Scan Direction', direction]);
  if (index !== undefined) properties.push(['Index Name', index]);
  if (target !== undefined) pushTarget(type, target, properties);
  return properties;
}

function pushType(name: string, properties: [string, string][]): string {
  const push = (type: string, ...more: [string, string][]): string => {
    properties.push(['Node Type', type], ...more);
    return type;
  };
  const join = joinPattern.exec(name);
  if (join && (join[1] === 'Nested Loop' || name.endsWith(' Join'))) {
    return push(join[1] === 'Nested Loop' ? 'Nested Loop' : `${join[1]} Join`, ['Join Type', join[2] ?? 'Inner']);
  }
  const aggregate = aggregatePattern.exec(name);
  if (aggregate) {
    return push('Aggregate', ['Strategy', strategies[aggregate[2]!]!], ['Partial Mode', aggregate[1] ?? 'Simple']);
  }
  const setOp = setOpPattern.exec(name);
  if (setOp) {
    return push(
      'SetOp',
      ['Strategy', setOp[1] === 'SetOp' ? 'Sorted' : 'Hashed'],
      ['Command', `${setOp[2]}${setOp[3] ?? ''}`],
    );
  }
  if (/^(Insert|Update|Delete|Merge)$/.test(name)) return push('ModifyTable', ['Operation', name]);
  const foreign = /^Foreign (Insert|Update|Delete)$/.exec(name);
  if (foreign) return push('Foreign Scan', ['Operation', foreign[1]!]);
  const custom = /^Custom Scan \((.*)\)$/.exec(name);
  if (custom) return push('Custom Scan', ['Custom Plan Provider', custom[1]!]);
  return push(name);
}

function pushTarget(type: string, text: string, properties: [string, string][]): void {
  if (type === 'Bitmap Index Scan') {
    properties.push(['Index Name', unquoted(text)]);
    return;
  }
  const target = readTarget(text);
  if (type === 'Subquery Scan' || type === 'Values Scan') {
    properties.push(['Alias', target.name]);
    return;
  }
  properties.push([targetName(type), target.name]);
  if (target.schema !== undefined) properties.push(['Schema', target.schema]);
  properties.push(['Alias', target.alias ?? target.name]);
}
