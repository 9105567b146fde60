import type { Plan, PlanNode } from './model';
import { operatorName } from './operator';
import { enclosingTasks } from './shards';

/**
 * What relations and indexes are called whatever the cluster. Inside tasks of Citus a relation is a shard, `events_102009`,
 * and so named differently on every cluster; which table it belongs to is known from the metadata alone. Without metadata
 * nothing is read out of a number: there the alias stands in, which Citus keeps when it rewrites a statement for a shard.
 */
export class LogicalNames {
  /** For each node the task that runs it, -1 for the coordinator. */
  readonly tasks: Int32Array;
  /** What the names of the shards known end in, which those of their indexes do too. */
  readonly #endings: Set<string> | undefined;

  /** `byAlias`: without the metadata, as both plans of a pair must be named when one lacks it. */
  constructor(
    readonly plan: Plan,
    private readonly byAlias: boolean,
  ) {
    this.tasks = enclosingTasks(plan);
    if (!byAlias && plan.shards) this.#endings = new Set([...plan.shards.keys()].map(ending));
  }

  isInTask(node: PlanNode): boolean {
    return this.tasks[node.index]! >= 0;
  }

  /** Of a relation, CTE or function; the alias where that is all there is; empty for other nodes, and for unknown shards. */
  relation(node: PlanNode): string {
    const { relation, alias } = node;
    if (relation === undefined) return node.cteName ?? node.functionName ?? alias ?? '';
    if (!this.isInTask(node)) return relation;
    if (!this.byAlias) return this.plan.shards?.get(relation)?.table ?? relation;
    return alias === undefined || alias === relation ? '' : alias;
  }

  /** The alias; that of a shard without one is its table's name. */
  alias(node: PlanNode): string {
    const { relation, alias = '' } = node;
    return relation !== undefined && alias === relation ? this.relation(node) : alias;
  }

  /** `Seq Scan on events e`: how a node is called in a list, apart from its place and shard. */
  title(node: PlanNode): string {
    const name = operatorName(node);
    if (node.type === 'Bitmap Index Scan') return `${name} on ${this.index(node)}`;
    const relation = this.relation(node);
    if (relation === '') return name;
    const alias = this.alias(node);
    return `${name} on ${relation}${alias !== '' && alias !== relation ? ` ${alias}` : ''}`;
  }

  /** The index a node uses; of a bitmap the indexes it is made of. */
  index(node: PlanNode): string {
    if (node.indexName !== undefined) return this.text(node.indexName, node);
    if (node.type !== 'Bitmap Heap Scan') return '';
    const { nodes } = this.plan;
    const indexes: string[] = [];
    const end = node.index + node.subtreeSize;
    for (let at = node.index + 1; at < end && nodes[at]!.type.startsWith('Bitmap'); at++) {
      const { indexName } = nodes[at]!;
      if (indexName !== undefined) indexes.push(this.text(indexName, node));
    }
    return indexes.join(' + ');
  }

  /** A text that names relations or indexes, said by `node`. */
  text(text: string, node: PlanNode): string {
    if (!this.isInTask(node) || !text.includes('_')) return text;
    const endings = this.#endings;
    if (endings) {
      const { shards } = this.plan;
      return text.replace(
        /\w+/g,
        word => shards!.get(word)?.table ?? (endings.has(ending(word)) ? withoutEnding(word) : word),
      );
    }
    const relation = this.#scanned(node);
    if (!this.byAlias || relation === undefined) return text;
    const own = ending(relation);
    return text.replace(/\w+/g, word => (word !== relation && ending(word) === own ? withoutEnding(word) : word));
  }

  /** The relation a node or, for the index scan of a bitmap, the one above it reads. */
  #scanned(node: PlanNode): string | undefined {
    let scan: PlanNode | undefined = node;
    while (scan && scan.relation === undefined && scan.type.startsWith('Bitmap')) scan = this.plan.nodes[scan.parent];
    return scan?.relation;
  }
}

/** Both plans' names, the same for the same table and index. */
export function logicalNames(source: Plan, target: Plan): [source: LogicalNames, target: LogicalNames] {
  const byAlias = needsMetadata(source) || needsMetadata(target);
  return [new LogicalNames(source, byAlias), new LogicalNames(target, byAlias)];
}

/** Whether there are tasks that read something, and nobody said what. */
export function needsMetadata(plan: Plan): boolean {
  if (plan.shards) return false;
  const tasks = plan.nodes.some(node => node.kind === 'task');
  if (!tasks) return false;
  const inside = enclosingTasks(plan);
  return plan.nodes.some(({ index, relation }) => relation !== undefined && inside[index]! >= 0);
}

/** `_102009`: from the last underscore on. */
function ending(name: string): string {
  const at = name.lastIndexOf('_');
  return at > 0 ? name.slice(at) : '';
}

function withoutEnding(name: string): string {
  const length = ending(name).length;
  return length === 0 ? name : name.slice(0, -length);
}
