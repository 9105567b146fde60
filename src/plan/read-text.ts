import type { PlanNode, PlanStatement } from './model';
import { isOperatorText, readOperatorText } from './operator-text';
import type { PlanBuilder } from './plan-builder';
import { type PlanValue, Properties } from './properties';
import { bufferProperties, readJitLine, readPropertyLine, readSettingsLine, readTriggerLine } from './text-properties';

const headPattern =
  /^(.*?)(?: +\(cost=([\d.]+)\.\.([\d.]+) rows=(\S+) width=(\d+)\))?(?: +\((?:actual(?: time=([\d.]+)\.\.([\d.]+))? rows=(\S+) loops=(\S+)|(never executed))\))?$/;
const figuresPattern = / \((?:cost=[\d.]+\.\.|actual (?:time|rows)=|never executed\))/;
const labelPattern = /^(?:(?:InitPlan|SubPlan) \S.*|CTE \S.*)$/;
const statementPattern =
  /^(?:Planning Time|Execution Time|Total runtime|Total Runtime|Planning|JIT|Trigger .*|Settings|Query Identifier|Serialization|Planning Memory): ?/;
const jobNames = new Set(['Task Count', 'Tasks Shown', 'Tuple data received from nodes']);

interface Open {
  node: PlanNode;
  /** Column of its arrow; -1 for a root at the margin. */
  column: number;
}

/** What deeper lines that follow belong to. */
type Section =
  | { kind: 'jit'; column: number; jit: Properties }
  | { kind: 'planning'; column: number; planning: Properties }
  | { kind: 'worker'; column: number; worker: Properties };

/** Reads EXPLAIN (FORMAT TEXT) line by line: the column of a line says what it belongs to. */
export class TextReader {
  readonly #open: Open[] = [];
  #statement: PlanStatement | undefined;
  /** Statements below tasks and subplans, by container. */
  readonly #remote = new Map<number, PlanStatement>();
  #label: { text: string; column: number } | undefined;
  #section: Section[] = [];
  /** Puts a line that continues a value with a line break in it where it belongs. */
  #append: ((line: string) => void) | undefined;
  #queryText: string[] | undefined;

  constructor(
    private readonly builder: PlanBuilder,
    private readonly container = -1,
    private readonly label?: string,
  ) {}

  read(lines: readonly string[]): void {
    let margin = Number.POSITIVE_INFINITY;
    for (const line of lines) if (line.trim()) margin = Math.min(margin, indent(line));
    let afterBlank = true;
    for (const line of lines) {
      const text = line.trim();
      if (!text) {
        afterBlank = true;
        continue;
      }
      this.#line(text, indent(line) - margin, afterBlank);
      afterBlank = false;
    }
    this.#closeStatement();
  }

  /** Closes the innermost node, and with a task or a subplan the statement below it, whose JIT line is still part of it. */
  #pop(): void {
    const { node } = this.#open.pop()!;
    const remote = this.#remote.get(node.index);
    if (remote) this.builder.closeStatement(remote);
    this.builder.closeNode(node);
  }

  #closeStatement(): void {
    while (this.#open.length > 0) this.#pop();
    if (this.#statement) this.builder.closeStatement(this.#statement);
  }

  #line(text: string, column: number, afterBlank: boolean): void {
    if (text.startsWith('->  ')) this.#node(text.slice(4), column);
    else if (column === 0 && this.#isRoot(text, afterBlank)) this.#root(text);
    else if (!this.#statement) this.#beforePlan(text);
    else if (this.#sectionLine(text, column)) return;
    else if (statementPattern.test(text)) this.#statementLine(text, column);
    else if (labelPattern.test(text) && !text.includes(': ')) this.#label = { text, column };
    else this.#propertyLine(text, column);
  }

  #isRoot(text: string, afterBlank: boolean): boolean {
    if (figuresPattern.test(text)) return true;
    // Without COSTS a root is a bare operator name.
    return afterBlank && !this.#queryText && isOperatorText(text);
  }

  #beforePlan(text: string): void {
    const query = /^Query Text: ?(.*)$/.exec(text);
    if (query) this.#queryText = [query[1]!];
    else if (this.#queryText) this.#queryText.push(text);
    else this.builder.problems.push(`Before the plan, left out: ${text.slice(0, 100)}`);
  }

  #root(text: string): void {
    this.#section = [];
    this.#append = undefined;
    this.#closeStatement();
    this.#statement = this.builder.openStatement(this.container, this.label);
    if (this.#queryText) this.#statement.properties.add('Query Text', this.#queryText.join('\n'));
    this.#queryText = undefined;
    const node = this.builder.openRoot(this.#statement);
    this.#head(node, text);
    this.#open.push({ node, column: -1 });
  }

  #node(text: string, column: number): void {
    this.#closeTo(column);
    const parent = this.#open[this.#open.length - 1]?.node;
    if (!parent) {
      // A subtree pasted without its root.
      this.#root(text);
      return;
    }
    const { builder } = this;
    let node: PlanNode;
    if (text === 'Task') node = builder.openNode(parent.index, parent.statement, 'task', 'Task');
    else if (text === 'MapMergeJob') {
      node = builder.openNode(parent.index, parent.statement, 'mapMergeJob', 'MapMergeJob');
    } else if (text.startsWith('Distributed Subplan ')) {
      node = builder.openNode(parent.index, parent.statement, 'subplan', 'Distributed Subplan');
      builder.property(node, 'Subplan', text.slice('Distributed Subplan '.length));
    } else if (parent.kind === 'task' || parent.kind === 'subplan') {
      const statement = builder.openStatement(parent.index, parent.kind === 'task' ? 'Remote Plan' : 'PlannedStmt');
      this.#remote.set(parent.index, statement);
      node = builder.openRoot(statement);
      this.#head(node, text);
    } else {
      node = builder.openNode(parent.index, parent.statement, 'operator', '');
      this.#head(node, text);
      this.#relate(node, column);
    }
    this.#open.push({ node, column });
  }

  /** InitPlans, SubPlans and CTEs have a line of their own above their first node. */
  #relate(node: PlanNode, column: number): void {
    const label = this.#label;
    this.#label = undefined;
    if (!label || label.column >= column) return;
    const relationship = label.text.startsWith('SubPlan') ? 'SubPlan' : 'InitPlan';
    this.builder.property(node, 'Parent Relationship', relationship);
    this.builder.property(node, 'Subplan Name', label.text);
  }

  #head(node: PlanNode, text: string): void {
    const { builder } = this;
    const match = headPattern.exec(text);
    const [, operator = text, startup, total, rows, width, actualStartup, actualTotal, actualRows, loops, never] =
      match ?? [];
    for (const [name, value] of readOperatorText(operator)) builder.property(node, name, value);
    const figures: [string, string | undefined][] = [
      ['Startup Cost', startup],
      ['Total Cost', total],
      ['Plan Rows', rows],
      ['Plan Width', width],
      ['Actual Startup Time', actualStartup],
      ['Actual Total Time', actualTotal],
      ['Actual Rows', never ? '0' : actualRows],
      ['Actual Loops', never ? '0' : loops],
    ];
    for (const [name, value] of figures) if (value !== undefined) builder.property(node, name, value);
  }

  /** Closes what does not contain a line at this column. */
  #closeTo(column: number): void {
    this.#section = [];
    this.#append = undefined;
    for (;;) {
      const top = this.#open[this.#open.length - 1];
      if (!top || top.column < column) return;
      this.#pop();
    }
  }

  #sectionLine(text: string, column: number): boolean {
    while (this.#section.length > 0 && this.#section[this.#section.length - 1]!.column >= column) this.#section.pop();
    const section = this.#section[this.#section.length - 1];
    if (!section) return false;
    if (section.kind === 'jit') return readJitLine(text, section.jit);
    if (section.kind === 'planning') {
      this.#planningLine(text, section.planning);
      return true;
    }
    if (text === 'JIT:') {
      const jit = new Properties();
      section.worker.add('JIT', jit);
      this.#section.push({ kind: 'jit', column, jit });
    } else this.#add(section.worker, readPropertyLine(text, this.#top().type));
    return true;
  }

  #planningLine(text: string, planning: Properties): void {
    if (text.startsWith('Buffers: ')) this.#add(planning, bufferProperties(text.slice(9)));
    else this.#add(planning, readPropertyLine(text, ''));
  }

  #add(properties: Properties, pairs: [string, string][]): void {
    for (const [name, value] of pairs) properties.add(name, value);
  }

  #top(): PlanNode {
    return this.#open[this.#open.length - 1]!.node;
  }

  /** The statement a summary line belongs to: names decide, since Citus indents a task's summary unlike its plan. */
  #statementLine(text: string, column: number): void {
    while (this.#open.length > 1 && this.#open[this.#open.length - 1]!.column >= column) {
      this.#pop();
    }
    this.#append = undefined;
    const top = this.#top();
    const statement = this.#remote.get(top.index) ?? this.builder.plan.statements[top.statement]!;
    const { properties } = statement;
    const at = text.indexOf(':');
    const name = text.slice(0, at);
    const value = text.slice(at + 1).trim();
    if (name === 'JIT' || name === 'Planning') {
      const object = new Properties();
      properties.add(name, object);
      this.#section = [
        name === 'JIT' ? { kind: 'jit', column, jit: object } : { kind: 'planning', column, planning: object },
      ];
    } else if (name === 'Settings') properties.add(name, readSettingsLine(value));
    else if (name.startsWith('Trigger ')) this.#trigger(text, properties);
    else if (name === 'Serialization') {
      const object = new Properties();
      object.add('Figures', value);
      properties.add(name, object);
      this.#section = [{ kind: 'planning', column, planning: object }];
    } else properties.add(name, value.replace(/ ms$/, ''));
  }

  #trigger(text: string, properties: Properties): void {
    const trigger = readTriggerLine(text);
    const list = properties.get('Triggers');
    if (!trigger) properties.add('Trigger', text);
    else if (Array.isArray(list)) list.push(trigger);
    else properties.add('Triggers', [trigger]);
  }

  #propertyLine(text: string, column: number): void {
    const isProperty = /^[A-Za-z/][^:]*:(?: |$)/.test(text);
    if (this.#append && (column === 0 || !isProperty)) {
      this.#append(text);
      return;
    }
    const open = this.#open;
    while (open.length > 1 && open[open.length - 1]!.column >= column) this.#pop();
    const node = this.#top();
    const worker = /^Worker (\d+):\s*(.*)$/.exec(text);
    if (worker) {
      this.#worker(node, worker[1]!, worker[2]!, column);
      return;
    }
    if (!isProperty) {
      this.builder.property(node, '(text)', text);
      return;
    }
    const inJob = node.kind === 'operator' && jobNames.has(text.slice(0, text.indexOf(':')));
    const target = inJob ? this.builder.jobOf(node).properties : undefined;
    for (const [name, value] of readPropertyLine(text, node.type)) {
      if (target) target.add(name, value);
      else this.builder.property(node, name, value);
    }
    if (inJob) {
      const job = this.builder.jobOf(node);
      job.taskCount = job.properties.number('Task Count');
      job.tasksShown = job.properties.text('Tasks Shown');
    }
    const kept = target ?? node.properties;
    const at = kept.length - 1;
    this.#append = line => kept.append(at, `\n${line}`);
  }

  #worker(node: PlanNode, number: string, rest: string, column: number): void {
    const worker = new Properties();
    worker.add('Worker Number', number);
    const actual = /^actual(?: time=([\d.]+)\.\.([\d.]+))? rows=(\S+) loops=(\S+)$/.exec(rest);
    if (actual) {
      const names = ['Actual Startup Time', 'Actual Total Time', 'Actual Rows', 'Actual Loops'];
      for (const [i, name] of names.entries()) if (actual[i + 1] !== undefined) worker.add(name, actual[i + 1]!);
    } else if (rest) this.#add(worker, readPropertyLine(rest, node.type));
    const list: PlanValue | undefined = node.properties.get('Workers');
    if (Array.isArray(list)) list.push(worker);
    else node.properties.add('Workers', [worker]);
    this.#append = undefined;
    this.#section = [{ kind: 'worker', column, worker }];
  }
}

function indent(line: string): number {
  return line.length - line.trimStart().length;
}
