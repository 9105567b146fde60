import type { Buffers } from '../shared/plan-diff';
import { readJit, readTriggers } from './jit-and-triggers';
import {
  type DistributedJob,
  type NodeKind,
  type Plan,
  type PlanNode,
  type PlanStatement,
  type PlanValue,
  Properties,
} from './model';

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
  buffers: Buffers | undefined = undefined;
  job: DistributedJob | undefined = undefined;
  properties = new Properties();
  totalMs: number | undefined = undefined;
  selfMs: number | undefined = undefined;
  selfPages: number | undefined = undefined;
  selfTempPages: number | undefined = undefined;
  inconsistent = false;
  overlapped = false;

  constructor(
    readonly index: number,
    readonly parent: number,
    readonly depth: number,
    readonly statement: number,
    public kind: NodeKind,
    public type: string,
  ) {}
}

function figure(value: string): number | undefined {
  const parsed = Number(value);
  return Number.isNaN(parsed) ? undefined : parsed;
}

function buffersOf(node: PlanNode): Buffers {
  node.buffers ??= {
    sharedHit: 0,
    sharedRead: 0,
    sharedDirtied: 0,
    sharedWritten: 0,
    localHit: 0,
    localRead: 0,
    tempRead: 0,
    tempWritten: 0,
  };
  return node.buffers;
}

/** FORMAT JSON's names that have a field of their own (PostgreSQL's explain.c, 12 to 18). */
const setters: Record<string, (node: PlanNode, value: string) => void> = {
  'Node Type': (node, value) => {
    node.type = value;
  },
  'Parent Relationship': (node, value) => {
    node.relationship = value;
  },
  'Parallel Aware': (node, value) => {
    node.parallelAware = value === 'true';
  },
  Schema: (node, value) => {
    node.schema = value;
  },
  'Relation Name': (node, value) => {
    node.relation = value;
  },
  Alias: (node, value) => {
    node.alias = value;
  },
  'Index Name': (node, value) => {
    node.indexName = value;
  },
  'CTE Name': (node, value) => {
    node.cteName = value;
  },
  'Function Name': (node, value) => {
    node.functionName = value;
  },
  'Subplan Name': (node, value) => {
    node.subplanName = value;
  },
  'Join Type': (node, value) => {
    node.joinType = value;
  },
  Strategy: (node, value) => {
    node.strategy = value;
  },
  'Partial Mode': (node, value) => {
    node.partialMode = value;
  },
  Operation: (node, value) => {
    node.operation = value;
  },
  'Custom Plan Provider': (node, value) => {
    node.provider = value;
  },
  'Startup Cost': (node, value) => {
    node.startupCost = figure(value);
  },
  'Total Cost': (node, value) => {
    node.totalCost = figure(value);
  },
  'Plan Rows': (node, value) => {
    node.planRows = figure(value);
  },
  'Plan Width': (node, value) => {
    node.planWidth = figure(value);
  },
  'Actual Startup Time': (node, value) => {
    node.actualStartupMs = figure(value);
  },
  'Actual Total Time': (node, value) => {
    node.actualTotalMs = figure(value);
  },
  'Actual Rows': (node, value) => {
    node.actualRows = figure(value);
  },
  'Actual Loops': (node, value) => {
    node.actualLoops = figure(value);
  },
  'Shared Hit Blocks': (node, value) => {
    buffersOf(node).sharedHit = figure(value) ?? 0;
  },
  'Shared Read Blocks': (node, value) => {
    buffersOf(node).sharedRead = figure(value) ?? 0;
  },
  'Shared Dirtied Blocks': (node, value) => {
    buffersOf(node).sharedDirtied = figure(value) ?? 0;
  },
  'Shared Written Blocks': (node, value) => {
    buffersOf(node).sharedWritten = figure(value) ?? 0;
  },
  'Local Hit Blocks': (node, value) => {
    buffersOf(node).localHit = figure(value) ?? 0;
  },
  'Local Read Blocks': (node, value) => {
    buffersOf(node).localRead = figure(value) ?? 0;
  },
  'Temp Read Blocks': (node, value) => {
    buffersOf(node).tempRead = figure(value) ?? 0;
  },
  'Temp Written Blocks': (node, value) => {
    buffersOf(node).tempWritten = figure(value) ?? 0;
  },
};

/** A property's name, read once: the readers meet the same few hundred names on every node. */
export interface Key {
  readonly name: string;
  readonly set: ((node: PlanNode, value: string) => void) | undefined;
}

/** Fills a {@link Plan} in preorder; both readers, JSON and TEXT, speak to it in FORMAT JSON's names. */
export class PlanBuilder {
  readonly plan: Plan;
  readonly #keys = new Map<string, Key>();

  constructor(
    format: Plan['format'],
    readonly problems: string[],
  ) {
    this.plan = { format, nodes: [], statements: [], analyzed: false };
  }

  key(name: string): Key {
    let key = this.#keys.get(name);
    if (!key) {
      key = { name, set: Object.hasOwn(setters, name) ? setters[name] : undefined };
      this.#keys.set(name, key);
    }
    return key;
  }

  openNode(parent: number, statement: number, kind: NodeKind, type: string): PlanNode {
    const nodes = this.plan.nodes;
    const depth = parent < 0 ? 0 : nodes[parent]!.depth + 1;
    const node = new BuiltNode(nodes.length, parent, depth, statement, kind, type);
    nodes.push(node);
    return node;
  }

  closeNode(node: PlanNode): void {
    node.subtreeSize = this.plan.nodes.length - node.index;
    if (node.actualLoops !== undefined) this.plan.analyzed = true;
  }

  /** A scalar of a node: kept as it came, and read into its field if it has one. */
  scalar(node: PlanNode, key: Key, value: string): void {
    node.properties.names.push(key.name);
    node.properties.values.push(value);
    key.set?.(node, value);
  }

  property(node: PlanNode, name: string, value: PlanValue): void {
    if (typeof value === 'string') this.scalar(node, this.key(name), value);
    else node.properties.add(name, value);
  }

  jobOf(node: PlanNode): DistributedJob {
    node.job ??= { taskCount: undefined, tasksShown: undefined, properties: new Properties() };
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
      properties: new Properties(),
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
      statement.settings = settings.names.map((name, i) => [name, String(settings.values[i])]);
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
