import type { Plan, PlanNode } from './model';
import type { Properties, Shape } from './properties';

/**
 * CTEs and InitPlans hang below the node that declares them, but run when somebody first needs them, inside that node's
 * time: a CTE inside its CTE Scans, an InitPlan inside the node that looks at its value. Their figures are taken off those
 * nodes; off the declaring node they would be counted twice (dalibo/pev2#360, AlexTatiyants/pev#15).
 *
 * With several scans of one CTE the first to ask pays and the others read what is stored; which one was first is not said,
 * so the one with the largest figure is taken, and then the next. A data-modifying CTE that nobody reads runs after the
 * main plan and is in no node's time: nothing is taken off.
 */
export function chargeInitPlans(plan: Plan, own: Float64Array, inclusive: Float64Array): void {
  const { nodes } = plan;
  const declared = nodes.filter(node => node.relationship === 'InitPlan');
  if (declared.length === 0) return;
  const scans = cteScans(nodes);
  const mentions = parameterMentions(plan, declared);
  for (const node of declared) {
    let amount = inclusive[node.index]!;
    if (!(amount > 0)) continue;
    const isCte = cteName(node) !== undefined;
    const payers = isCte ? (scans.get(node.index) ?? []) : evaluators(nodes, node, mentions);
    payers.sort((a, b) => (own[b] || 0) - (own[a] || 0));
    if (!isCte && payers.length === 0) payers.push(node.parent);
    for (const payer of payers) {
      const taken = Math.min(amount, Math.max(0, own[payer] || 0));
      own[payer]! -= taken;
      amount -= taken;
    }
  }
}

function isBelow(at: number, above: PlanNode): boolean {
  return at >= above.index && at < above.index + above.subtreeSize;
}

/** `CTE recent` → `recent`. */
export function cteName(node: PlanNode): string | undefined {
  return node.subplanName?.startsWith('CTE ') ? node.subplanName.slice(4) : undefined;
}

/** The scans of each CTE, by the CTE's index: a scan means the innermost CTE of its name, as in SQL. */
function cteScans(nodes: readonly PlanNode[]): Map<number, number[]> {
  const scans = new Map<number, number[]>();
  const open = new Map<string, { cte: number; end: number }[]>();
  for (const node of nodes) {
    const name = node.relationship === 'InitPlan' ? cteName(node) : undefined;
    if (name !== undefined) {
      const declaring = nodes[node.parent]!;
      const list = open.get(name) ?? [];
      open.set(name, list);
      list.push({ cte: node.index, end: declaring.index + declaring.subtreeSize });
      scans.set(node.index, []);
    }
    if (node.type !== 'CTE Scan' || node.cteName === undefined) continue;
    const list = open.get(node.cteName) ?? [];
    while (list.length > 0 && list[list.length - 1]!.end <= node.index) list.pop();
    const cte = list[list.length - 1];
    if (cte) scans.get(cte.cte)!.push(node.index);
  }
  return scans;
}

/** Up to PostgreSQL 16 `InitPlan 10 (returns $3,$4)`, used as `$3`; from 17 on `InitPlan 10`, used as `(InitPlan 10).col1`. */
function parametersOf(name: string): string[] {
  const returned = /\(returns ([^)]*)\)/.exec(name)?.[1];
  return returned ? returned.split(',').map(parameter => parameter.trim()) : [name];
}

function evaluators(nodes: readonly PlanNode[], initPlan: PlanNode, mentions: Map<string, number[]>): number[] {
  const found = new Set<number>();
  const declaring = nodes[initPlan.parent]!;
  for (const parameter of parametersOf(initPlan.subplanName ?? '')) {
    for (const at of mentions.get(`${initPlan.statement} ${parameter}`) ?? []) {
      if (isBelow(at, declaring) && !isBelow(at, initPlan)) found.add(at);
    }
  }
  return [...found];
}

/** Properties that hold expressions. */
const expressionPattern = /Filter$|Cond$|Condition$|Call$|Key$|^Output$|^Order By$|^Cache Key$/;

function parameterMentions(plan: Plan, declared: readonly PlanNode[]): Map<string, number[]> {
  const mentions = new Map<string, number[]>();
  const concerned = new Set(declared.filter(node => cteName(node) === undefined).map(node => node.statement));
  if (concerned.size === 0) return mentions;
  const expressions = new Map<Shape, number[]>();
  for (const node of plan.nodes) {
    if (!concerned.has(node.statement)) continue;
    for (const parameter of mentioned(node.properties, expressions)) {
      // Every task of Citus numbers its own from $0.
      const key = `${node.statement} ${parameter}`;
      const list = mentions.get(key);
      if (list) list.push(node.index);
      else mentions.set(key, [node.index]);
    }
  }
  return mentions;
}

function mentioned(properties: Properties, expressions: Map<Shape, number[]>): Set<string> {
  let places = expressions.get(properties.shape);
  if (!places) {
    places = properties.names.flatMap((name, i) => (expressionPattern.test(name) ? [i] : []));
    expressions.set(properties.shape, places);
  }
  const found = new Set<string>();
  for (const place of places) {
    const value = properties.at(place);
    for (const text of Array.isArray(value) ? value : [value]) {
      if (typeof text !== 'string') continue;
      for (const match of text.matchAll(/\$\d+|\((InitPlan [^()]+)\)/g)) found.add(match[1] ?? match[0]);
    }
  }
  return found;
}
