/**
 * What auto_explain told of the statements inside a call, as notices: one for each execution, when it ends. The context
 * of a notice says where the statement stands; from it comes the tree of statements and of the routines they call.
 */

/** A place in the call, outermost first: a routine, the line in it, and the statement running there. */
export interface Frame {
  /** `analytics.create_rollup(date,date)`; absent where the server names none, as for foreign keys. */
  routine?: string;
  line?: number;
  /** The statement as the context quotes it; absent for expressions and for queries of loops. */
  statement?: string;
}

/** One execution of one statement. */
export interface Execution {
  sql: string;
  durationMs: number;
  jitMs?: number;
  /** `$1 = '2024-01-08'`, as auto_explain lists them since PostgreSQL 16. */
  parameters?: string;
  /** The plan, in the shape of EXPLAIN (FORMAT JSON); the duration stands as its Execution Time. */
  plan: string;
  /** Outermost first; its last is the statement's own place. Empty for the statement that the client sent. */
  frames: Frame[];
}

/** A statement of the call with all its executions. */
export interface ObservedStatement {
  sql: string;
  frames: Frame[];
  /** Index of the statement it runs in; -1 directly below the call. */
  parent: number;
  /** Absent for statements that auto_explain does not see: CALL, and routines called in expressions. */
  measured?: { calls: number; totalMs: number; jitMs?: number; parameters?: string; slowestMs: number; plan: string };
}

const head = /^duration: ([\d.]+) ms {2}plan:\n(?=\{)/;

/** Reads one notice; undefined when it is not auto_explain's, or not in FORMAT JSON. */
export function readExecution(message: string, context: string): Execution | undefined {
  const found = head.exec(message);
  if (!found) return undefined;
  const json = message.slice(found[0].length).trimEnd();
  const read = parseJson(json);
  const sql = read?.['Query Text'];
  if (typeof sql !== 'string') return undefined;
  const durationMs = Number(found[1]);
  const execution: Execution = {
    sql,
    durationMs,
    plan: `[\n${json.replace(/\n?\}$/, `,\n  "Execution Time": ${found[1]}\n}`)}\n]`,
    frames: readContext(context),
  };
  const jit = (read?.JIT as { Timing?: { Total?: number } } | undefined)?.Timing?.Total;
  if (jit !== undefined) execution.jitMs = jit;
  const parameters = read?.['Query Parameters'];
  if (typeof parameters === 'string') execution.parameters = parameters;
  return execution;
}

function parseJson(json: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

const routineFrame = /^PL\/pgSQL function (.+?)(?: line (\d+) at .*| during .*)?$/;
const sqlFunctionFrame = /^SQL function "(.+)" (?:statement (\d+)|during startup)$/;
const statementEntry = /^(?:SQL statement|SQL expression|PL\/pgSQL assignment) "/;
const otherEntry = /^(?:unnamed portal|portal|parallel worker|COPY|while |JSON data|referenced)/;

/** The context's entries come innermost first; a quoted statement may be many lines long. */
function readContext(context: string): Frame[] {
  const entries: string[] = [];
  for (const line of context.split('\n')) {
    const begins = [routineFrame, sqlFunctionFrame, statementEntry, otherEntry].some(entry => entry.test(line));
    if (begins || entries.length === 0) entries.push(line);
    else entries.push(`${entries.pop()}\n${line}`);
  }
  const frames: Frame[] = [];
  for (const entry of entries.reverse()) {
    const firstLine = entry.split('\n', 1)[0]!;
    const routine = routineFrame.exec(firstLine) ?? sqlFunctionFrame.exec(firstLine);
    if (routine) {
      const frame: Frame = { routine: routine[1]! };
      if (routine[2] !== undefined) frame.line = Number(routine[2]);
      frames.push(frame);
    } else if (statementEntry.test(entry)) {
      const statement = entry.slice(entry.indexOf('"') + 1).replace(/"$/, '');
      const last = frames.at(-1);
      // One statement below another without a routine between them: what a foreign key runs.
      if (last && last.statement === undefined) last.statement = statement;
      else frames.push({ statement });
    }
  }
  // In a language that is not read here it is at least known not to be the client's own statement.
  if (frames.length === 0 && context.trim() !== '') frames.push({});
  return frames;
}

/**
 * Folds executions as they come, so that a loop of many thousands costs no memory: of each statement the slowest plan is
 * kept.
 */
export class ExecutionFold {
  readonly #nodes: (ObservedStatement & { key: string })[] = [];
  readonly #byKey = new Map<string, number>();

  add(execution: Execution): void {
    const { sql, durationMs, jitMs, parameters, plan, frames } = execution;
    const node = this.#nodes[this.#find(frames, sql)]!;
    const { measured } = node;
    if (!measured) {
      node.measured = { calls: 1, totalMs: durationMs, slowestMs: durationMs, plan };
      if (jitMs !== undefined) node.measured.jitMs = jitMs;
      if (parameters !== undefined) node.measured.parameters = parameters;
      return;
    }
    measured.calls += 1;
    measured.totalMs += durationMs;
    if (jitMs !== undefined) measured.jitMs = (measured.jitMs ?? 0) + jitMs;
    if (durationMs <= measured.slowestMs) return;
    measured.slowestMs = durationMs;
    measured.plan = plan;
    if (parameters !== undefined) measured.parameters = parameters;
  }

  /** Every statement before the ones inside it, in the order in which they first ended. */
  statements(): ObservedStatement[] {
    const children = new Map<number, number[]>();
    this.#nodes.forEach(({ parent }, index) => {
      const list = children.get(parent) ?? [];
      list.push(index);
      children.set(parent, list);
    });
    const order: number[] = [];
    const open = [...(children.get(-1) ?? [])].reverse();
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      order.push(index);
      open.push(...[...(children.get(index) ?? [])].reverse());
    }
    const placed = new Map(order.map((index, at) => [index, at]));
    return order.map(index => {
      const { key: _, ...node } = this.#nodes[index]!;
      return { ...node, parent: placed.get(node.parent) ?? -1 };
    });
  }

  /** The statement at this place, with the places around it made as needed. */
  #find(frames: Frame[], sql: string): number {
    let parent = -1;
    let key = '';
    for (let depth = 1; depth < frames.length; depth++) {
      const around = frames.slice(0, depth);
      const statement = around.at(-1)!.statement ?? '';
      key = keyOf(key, around.at(-1)!, statement);
      parent = this.#at(key, parent, statement, around);
    }
    const own = frames.at(-1);
    return this.#at(own ? keyOf(key, own, sql) : `\0${collapse(sql)}`, parent, sql, frames);
  }

  #at(key: string, parent: number, sql: string, frames: Frame[]): number {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const index = this.#nodes.push({ key, sql, frames, parent }) - 1;
    this.#byKey.set(key, index);
    return index;
  }
}

function keyOf(outer: string, { routine = '', line = 0 }: Frame, sql: string): string {
  return `${outer}\0${routine}\0${line}\0${collapse(sql)}`;
}

function collapse(sql: string): string {
  return sql.replace(/\s+/g, ' ').trim();
}
