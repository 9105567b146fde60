import type { Plan } from './model';

/** A relation as the plan names it; inside a task of Citus that is the shard's name. */
export interface PlanRelation {
  schema: string;
  name: string;
}

/** Relations that a plan reads or writes, each once; without a schema (EXPLAIN without VERBOSE) they are left out. */
export function planRelations(plan: Plan): PlanRelation[] {
  const relations = new Map<string, PlanRelation>();
  for (const { schema, relation } of plan.nodes)
    if (schema !== undefined && relation !== undefined)
      relations.set(JSON.stringify([schema, relation]), { schema, name: relation });
  return [...relations.values()];
}

/** The highest cost of a statement in a plan, remote ones included, that JIT did not compile; undefined when all were. */
export function uncompiledCost({ nodes, statements }: Plan): number | undefined {
  const costs = statements.flatMap(({ root, jit }) => (jit ? [] : (nodes[root]?.totalCost ?? [])));
  return costs.length === 0 ? undefined : Math.max(...costs);
}
