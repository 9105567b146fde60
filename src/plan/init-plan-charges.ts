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
    const cte = cteName(node);
    const declaring = nodes[node.parent]!;
    const candidates = cte === undefined ? evaluators(node, mentions) : (scans.get(cte) ?? []);
    const payers = candidates
      .map(at => nodes[at]!)
      .filter(payer => isBelow(payer, declaring) && !isBelow(payer, node))
      .sort((a, b) => (own[b.index] || 0) - (own[a.index] || 0));
    if (cte === undefined && payers.length === 0) payers.push(declaring);
    for (const payer of payers) {
      const taken = Math.min(amount, Math.max(0, own[payer.index] || 0));
      own[payer.index]! -= taken;
      amount -= taken;
    }
  }
}

function isBelow(node: PlanNode, above: PlanNode): boolean {
  return node.index >= above.index && node.index < above.index + above.subtreeSize;
}

/** `CTE recent` → `recent`. */
export function cteName(node: PlanNode): string | undefined {
  return node.subplanName?.startsWith('CTE ') ? node.subplanName.slice(4) : undefined;
}

function cteScans(nodes: readonly PlanNode[]): Map<string, number[]> {
  const scans = new Map<string, number[]>();
  for (const node of nodes) {
    if (node.type !== 'CTE Scan' || node.cteName === undefined) continue;
    const list = scans.get(node.cteName);
    if (list) list.push(node.index);
    else scans.set(node.cteName, [node.index]);
  }
  return scans;
}

/** Up to PostgreSQL 16 `InitPlan 10 (returns $3,$4)`, used as `$3`; from 17 on `InitPlan 10`, used as `(InitPlan 10).col1`. */
function parametersOf(name: string): string[] {
  const returned = /\(returns ([^)]*)\)/.exec(name)?.[1];
  return returned ? returned.split(',').map(parameter => parameter.trim()) : [name];
}

function evaluators(initPlan: PlanNode, mentions: Map<string, number[]>): number[] {
  const found = new Set<number>();
  for (const parameter of parametersOf(initPlan.subplanName ?? '')) {
    for (const at of mentions.get(parameter) ?? []) found.add(at);
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
      const list = mentions.get(parameter);
      if (list) list.push(node.index);
      else mentions.set(parameter, [node.index]);
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
