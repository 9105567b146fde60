/** Random plans from a seed, as EXPLAIN (ANALYZE, BUFFERS, VERBOSE, FORMAT JSON) would print them. */

/** mulberry32: small, seeded, good enough for test data. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const unary = ['Sort', 'Aggregate', 'Gather', 'Limit', 'Materialize', 'Hash', 'Unique', 'WindowAgg'];
const joins = ['Nested Loop', 'Hash Join', 'Merge Join'];
const scans = ['Seq Scan', 'Index Scan', 'Index Only Scan', 'Function Scan', 'CTE Scan'];

interface GeneratedNode {
  [name: string]: unknown;
  Plans?: GeneratedNode[];
}

/** Grown by appending each node to a random earlier one; `chain` near 1 makes it deep, near 0 bushy. */
export function generatePlan(count: number, seed: number, chain = 0.6): GeneratedNode[] {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const children: number[][] = [[]];
  for (let at = 1; at < count; at++) {
    const parent = random() < chain ? at - 1 : Math.floor(random() * at);
    children[parent]!.push(at);
    children.push([]);
  }
  const nodes: GeneratedNode[] = new Array(count);
  for (let at = count - 1; at >= 0; at--) {
    const below = children[at]!;
    const node = describeNode(below.length, at, random, pick);
    if (below.length > 0) {
      node.Plans = below.map((child, i) => {
        const named = nodes[child]!;
        if (random() < 0.05) {
          named['Parent Relationship'] = random() < 0.5 ? 'InitPlan' : 'SubPlan';
          named['Subplan Name'] = random() < 0.5 ? `CTE c${child % 3}` : `InitPlan ${child} (returns $${child})`;
        } else named['Parent Relationship'] = i === 0 ? 'Outer' : 'Inner';
        return named;
      });
    }
    nodes[at] = node;
  }
  return [
    { Plan: nodes[0]!, 'Planning Time': 1.25, Triggers: [], 'Execution Time': 2 * count } as unknown as GeneratedNode,
  ];
}

function describeNode(
  children: number,
  at: number,
  random: () => number,
  pick: <T>(list: readonly T[]) => T,
): GeneratedNode {
  const node: GeneratedNode = {};
  if (children === 0) {
    node['Node Type'] = pick(scans);
    const relation = `t${Math.floor(random() * 40)}`;
    if (node['Node Type'] === 'CTE Scan') node['CTE Name'] = `c${at % 3}`;
    else if (node['Node Type'] === 'Function Scan') node['Function Name'] = 'generate_series';
    else {
      node['Relation Name'] = relation;
      node.Schema = 'public';
    }
    node.Alias = random() < 0.5 ? relation : `${relation}_${at % 5}`;
    if (node['Node Type'] === 'Index Scan') node['Index Name'] = `${relation}_${pick(['pkey', 'a_idx', 'b_idx'])}`;
    if (random() < 0.5) node.Filter = `(${relation}.a > ${Math.floor(random() * 5)})`;
  } else if (children === 1) node['Node Type'] = pick(unary);
  else node['Node Type'] = children === 2 ? pick(joins) : 'Append';
  return Object.assign(node, {
    'Parallel Aware': false,
    'Async Capable': false,
    'Startup Cost': Math.round(random() * 10_000) / 100,
    'Total Cost': Math.round(random() * 1_000_000) / 100,
    'Plan Rows': Math.floor(random() * 1000),
    'Plan Width': 8,
    'Actual Startup Time': Math.round(random() * 100) / 1000,
    'Actual Total Time': Math.round(random() * 2000) / 1000,
    'Actual Rows': Math.floor(random() * 1000),
    'Actual Loops': 1,
    Output: [`t${at}.a`, `t${at}.b`],
    'Shared Hit Blocks': Math.floor(random() * 1000),
    'Shared Read Blocks': 0,
    'Shared Dirtied Blocks': 0,
    'Shared Written Blocks': 0,
    'Local Hit Blocks': 0,
    'Local Read Blocks': 0,
    'Local Dirtied Blocks': 0,
    'Local Written Blocks': 0,
    'Temp Read Blocks': 0,
    'Temp Written Blocks': 0,
  });
}

/** JSON.stringify recurses; a chain of 10,000 is written without. */
export function chainPlan(depth: number, type: (level: number) => string): string {
  const open = Array.from(
    { length: depth },
    (_, i) =>
      `{"Node Type":"${type(i)}","Actual Total Time":${depth - i + 1},"Actual Rows":1,"Actual Loops":1,"Plans":[`,
  );
  return `[{"Plan":${open.join('')}{"Node Type":"Seq Scan","Relation Name":"t","Alias":"t","Actual Total Time":1,"Actual Rows":1,"Actual Loops":1}${']}'.repeat(depth)},"Execution Time":${depth + 2}}]`;
}
