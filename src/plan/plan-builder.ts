import { readJit, readTriggers } from './jit-and-triggers';
import type { DistributedJob, NodeKind, Plan, PlanNode, PlanStatement } from './model';
import { fieldNumber, isTextField, setNumberField, setTextField } from './node-fields';
import { emptyShape, type PlanValue, Properties, ValuePool, valueText } from './properties';

/**
 * Figures of all nodes of a plan in one array, NaN for what is not said: as fields of 50,000 nodes each would be an object of
 * its own, and collecting them took longer than reading them.
 */
class Figures {
  values = new Float64Array(256 * figureNames.length);

  /** Makes place for the figures of one more node. */
  open(index: number): void {
    const start = index * figureNames.length;
    if (start === this.values.length) {
      const longer = new Float64Array(this.values.length * 2);
      longer.set(this.values);
      this.values = longer;
    }
    this.values.fill(Number.NaN, start, start + figureNames.length);
  }
}

const figureNames = [
  'startupCost',
  'totalCost',
  'planRows',
  'planWidth',
  'actualStartupMs',
  'actualTotalMs',
  'actualRows',
  'actualLoops',
  'pages',
  'tempPages',
  'totalMs',
  'selfMs',
  'selfPages',
  'selfTempPages',
] as const;

/** Every field from the start, so that all nodes share one hidden class. */
class BuiltNode implements PlanNode {
  declare startupCost: number | undefined;
  declare totalCost: number | undefined;
  declare planRows: number | undefined;
  declare planWidth: number | undefined;
  declare actualStartupMs: number | undefined;
  declare actualTotalMs: number | undefined;
  declare actualRows: number | undefined;
  declare actualLoops: number | undefined;
  declare pages: number | undefined;
  declare tempPages: number | undefined;
  declare totalMs: number | undefined;
  declare selfMs: number | undefined;
  declare selfPages: number | undefined;
  declare selfTempPages: number | undefined;
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
  job: DistributedJob | undefined = undefined;
  shardRange: string | undefined = undefined;
  disabled: boolean | undefined = undefined;
  inconsistent = false;
  overlapped = false;
  readonly #figures: Figures;

  constructor(
    readonly index: number,
    readonly parent: number,
    readonly depth: number,
    readonly statement: number,
    public kind: NodeKind,
    public type: string,
    public properties: Properties,
    figures: Figures,
  ) {
    this.#figures = figures;
  }

  static {
    for (const [place, name] of figureNames.entries()) {
      Object.defineProperty(BuiltNode.prototype, name, {
        get(this: BuiltNode): number | undefined {
          const value = this.#figures.values[this.index * figureNames.length + place]!;
          return Number.isNaN(value) ? undefined : value;
        },
        set(this: BuiltNode, value: number | undefined): void {
          this.#figures.values[this.index * figureNames.length + place] = value ?? Number.NaN;
        },
      });
    }
  }
}

/** Fills a {@link Plan} in preorder; both readers, JSON and TEXT, speak to it in FORMAT JSON's names. */
export class PlanBuilder {
  readonly plan: Plan;
  /** Of nodes and of what nests in them; shared, so that nodes of one type share one shape. */
  readonly #emptyShape = emptyShape();
  readonly #values: ValuePool;
  readonly #figures = new Figures();

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
    this.#figures.open(nodes.length);
    const node = new BuiltNode(nodes.length, parent, depth, statement, kind, type, this.newProperties(), this.#figures);
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
