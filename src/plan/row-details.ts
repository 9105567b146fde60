import type { RowDetails } from '../shared/plan-diff';
import type { Plan, PlanNode } from './model';
import { type PlanValue, Properties, valueText } from './properties';

export interface PlacedNode {
  plan: Plan;
  node: PlanNode;
}

/** Everything two matched nodes said, side by side: what differs first, then in EXPLAIN's order. */
export function nodeDetails(source: PlacedNode | undefined, target: PlacedNode | undefined): RowDetails {
  const left = flattened(source);
  const right = flattened(target);
  const names = [...left.keys(), ...[...right.keys()].filter(name => !left.has(name))];
  const details = names.map(name => {
    const [a, b] = [left.get(name), right.get(name)];
    const values = { ...(a === undefined ? {} : { source: a }), ...(b === undefined ? {} : { target: b }) };
    return { name, ...values, differs: source !== undefined && target !== undefined && a !== b };
  });
  return [...details.filter(detail => detail.differs), ...details.filter(detail => !detail.differs)];
}

function flattened(placed: PlacedNode | undefined): Map<string, string> {
  const values = new Map<string, string>();
  if (!placed) return values;
  const { plan, node } = placed;
  if (node.job) flatten(node.job.properties, '', values);
  flatten(node.properties, '', values);
  const statement = plan.statements[node.statement];
  // What was said of the whole statement stands with its root; JIT has a row of its own.
  if (statement?.root === node.index) flatten(statement.properties, '', values, 'JIT');
  return values;
}

/** Objects become one line per member, `Workers 1 · Sort Method`; a repeated name is numbered. */
function flatten(properties: Properties, prefix: string, values: Map<string, string>, except?: string): void {
  for (const [i, name] of properties.names.entries()) {
    if (name !== except) flattenValue(properties.at(i), `${prefix}${name}`, values);
  }
}

function flattenValue(value: PlanValue, name: string, values: Map<string, string>): void {
  if (value instanceof Properties) flatten(value, `${name} · `, values);
  else if (Array.isArray(value) && value.some(item => item instanceof Properties)) {
    for (const [i, item] of value.entries()) flattenValue(item, `${name} ${i + 1}`, values);
  } else {
    let unique = name;
    for (let again = 2; values.has(unique); again++) unique = `${name} (${again})`;
    values.set(unique, valueText(value));
  }
}
