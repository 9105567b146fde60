import { readJit, readTriggers } from './jit-and-triggers';
import type { DistributedJob, NodeKind, Plan, PlanNode, PlanStatement } from './model';
import { fieldNumber, isTextField, setNumberField, setTextField } from './node-fields';
import { emptyShape, type PlanValue, Properties, ValuePool, valueText } from './properties';

/** Every field from the start, so that all nodes share one hidden class. */
class BuiltNode implements PlanNode {
  subtreeSize = 1;
  relationship: string | undefined = undefined;
  parallelAware = false;
  schema: string | undefined = undefined;
  relation: string | undefined = undefined;
  alias: string | undefined = undefined;
  indexName: string | undefined = undefined;
  cteName: string | undefined = undefined;
  functionName: string | undefined = undefined;
  subplanName: string | undefined = undefined;
  joinType: string | undefined = undefined;
  strategy: string | undefined = undefined;
  partialMode: string | undefined = undefined;
  operation: string | undefined = undefined;
  provider: string | undefined = undefined;
  startupCost: number | undefined = undefined;
  totalCost: number | undefined = undefined;
  planRows: number | undefined = undefined;
  planWidth: number | undefined = undefined;
  actualStartupMs: number | undefined = undefined;
  actualTotalMs: number | undefined = undefined;
  actualRows: number | undefined = undefined;
  actualLoops: number | undefined = undefined;
  pages: number | undefined = undefined;
  tempPages: number | undefined = undefined;
  job: DistributedJob | undefined = undefined;
  shardRange: string | undefined = undefined;
  totalMs: number | undefined = undefined;
  selfMs: number | undefined = undefined;
  selfPages: number | undefined = undefined;
  selfTempPages: number | undefined = undefined;
  disabled: boolean | undefined = undefined;
  inconsistent = false;
  overlapped = false;

  constructor(
    readonly index: number,
    readonly parent: number,
    readonly depth: number,
    readonly statement: number,
    public kind: NodeKind,
    public type: string,
    public properties: Properties,
  ) {}
}

/** Fills a {@link Plan} in preorder; both readers, JSON and TEXT, speak to it in FORMAT JSON's names. */
export class PlanBuilder {
  readonly plan: Plan;
  /** Of nodes and of what nests in them; shared, so that nodes of one type share one shape. */
  readonly #emptyShape = emptyShape();
  readonly #values: ValuePool;

  constructor(
    format: Plan['format'],
    readonly problems: string[],
    /** The text that the plan is read from, where its properties point into it. */
    source = '',
  ) {
    this.#values = new ValuePool(source);
    this.plan = { format, nodes: [], statements: [], analyzed: false, shards: undefined };
  }

  openNode(parent: number, statement: number, kind: NodeKind, type: string): PlanNode {
    const nodes = this.plan.nodes;
    const depth = parent < 0 ? 0 : nodes[parent]!.depth + 1;
    const node = new BuiltNode(nodes.length, parent, depth, statement, kind, type, this.newProperties());
    nodes.push(node);
    return node;
  }

  closeNode(node: PlanNode): void {
    node.subtreeSize = this.plan.nodes.length - node.index;
    if (node.actualLoops !== undefined) this.plan.analyzed = true;
  }

  property(node: PlanNode, name: string, value: PlanValue): void {
    node.properties.add(name, value);
    if (typeof value !== 'string') return;
    const field = fieldNumber(name);
    if (isTextField(field)) setTextField(node, field, value);
    else if (field > 0) setNumberField(node, field, Number(value));
  }

  newProperties(): Properties {
    return new Properties(this.#emptyShape, this.#values);
  }

  jobOf(node: PlanNode): DistributedJob {
    node.job ??= { taskCount: undefined, tasksShown: undefined, properties: this.newProperties() };
    return node.job;
  }

  openStatement(container: number, label: string | undefined): PlanStatement {
    const statement: PlanStatement = {
      index: this.plan.statements.length,
      label,
      root: -1,
      container,
      planningMs: undefined,
      executionMs: undefined,
      jit: undefined,
      triggers: [],
      settings: undefined,
      queryIdentifier: undefined,
      properties: this.newProperties(),
    };
    this.plan.statements.push(statement);
    return statement;
  }

  openRoot(statement: PlanStatement): PlanNode {
    const node = this.openNode(statement.container, statement.index, 'operator', '');
    statement.root = node.index;
    return node;
  }

  /** Reads what the statement said beside its plan, and gives its JIT a node: below the task or subplan, else below the root. */
  closeStatement(statement: PlanStatement): void {
    const { properties } = statement;
    statement.planningMs = properties.number('Planning Time');
    statement.executionMs = properties.number('Execution Time') ?? properties.number('Total Runtime');
    statement.queryIdentifier = properties.text('Query Identifier');
    statement.triggers = readTriggers(properties);
    const settings = properties.get('Settings');
    if (settings instanceof Properties) {
      statement.settings = settings.names.map((name, i) => [name, valueText(settings.at(i))]);
    }
    if (statement.executionMs !== undefined) this.plan.analyzed = true;
    const jit = properties.get('JIT');
    if (!(jit instanceof Properties)) return;
    statement.jit = readJit(jit);
    const parent = statement.container >= 0 ? statement.container : statement.root;
    const node = this.openNode(parent, statement.index, 'jit', 'JIT');
    node.properties = jit;
    if (statement.container < 0 && parent >= 0) this.plan.nodes[parent]!.subtreeSize++;
  }
}
