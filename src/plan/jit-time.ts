import { readJit } from './jit-and-triggers';
import type { Jit, Plan, PlanNode, PlanStatement } from './model';
import { Properties } from './properties';
import type { Times } from './times';

/** A node is taken for the one that paid when its own start-up holds at least this share of the compilation. */
const holdsIt = 0.9;
/** Smaller pieces are not looked for when no node holds the whole. */
const smallestPiece = 0.1;

/**
 * Takes JIT compilation off the nodes it was billed to and gives it to the statement's JIT line.
 *
 * The provider compiles everything at once when the first expression is evaluated (PostgreSQL's jit/README, "Emission");
 * EXPLAIN therefore bills inlining, optimization and emission to the start-up of whichever node is first, often an innocent
 * scan (dalibo/pev2#803; measured on PostgreSQL 15: 680.5 ms on a Seq Scan of 50 rows with 681 ms of JIT). `Generation`
 * happens while the executor starts, in no node's time. So the node sought is the one whose own start-up is the least that
 * still holds the compilation. If none holds it, it was compiled in pieces: the largest own start-ups are taken. What no
 * start-up can hold was spent outside the nodes and is taken off none.
 */
export function takeJitOff(plan: Plan, times: Times): void {
  const withJit = plan.statements.filter(statement => (statement.jit?.totalMs ?? 0) > 0);
  if (withJit.length === 0) return;
  const members = nodesByStatement(plan, withJit);
  for (const node of plan.nodes) {
    if (node.kind !== 'jit') continue;
    const statement = plan.statements[node.statement]!;
    const jit = statement.jit!;
    if (jit.totalMs === undefined) continue;
    const operators = members.get(statement.index) ?? [];
    const workers = workersJit(plan, operators);
    const { wall, taken } =
      workers.length > 0
        ? takeParallelOff(plan, operators, jit, workers, times)
        : takeAverageOff(plan, operators, jit, launchedProcesses(plan, operators), times);
    times.total[node.index] = wall;
    times.self[node.index] = wall;
    // What the task or subplan spends outside its nodes holds generation, which now stands in the JIT line; a parallel
    // worker's is in no such place.
    const { container } = statement;
    if (container >= 0 && times.self[container]! > 0) {
      times.self[container] = Math.max(0, times.self[container]! - (wall - taken));
    }
  }
}

interface Taken {
  /** Wall-clock time of JIT. */
  wall: number;
  /** The part of it that was found in nodes. */
  taken: number;
}

/** One process, or several of which EXPLAIN gives the sum alone: they compile at the same time, so the average counts. */
function takeAverageOff(plan: Plan, operators: readonly number[], jit: Jit, processes: number, times: Times): Taken {
  const wall = (jit.totalMs ?? 0) / processes;
  return { wall, taken: takeOff(plan, operators, wall - (jit.generationMs ?? 0) / processes, times) };
}

/**
 * With VERBOSE each parallel worker says its own JIT, and the statement's figures are the sum of the leader's and theirs.
 * Times below a Gather are averages over the processes, so the workers' average is in a node there; the Gather itself
 * waited for the slowest. The leader compiles when it needs its first expression, above the Gather or below.
 */
function takeParallelOff(plan: Plan, operators: readonly number[], jit: Jit, workers: Jit[], times: Times): Taken {
  const sums = workers.map(worker => worker.totalMs ?? 0);
  const sum = sums.reduce((total, ms) => total + ms, 0);
  const generation = workers.reduce((total, worker) => total + (worker.generationMs ?? 0), 0);
  const leaderGeneration = Math.max(0, (jit.generationMs ?? 0) - generation);
  const leader = Math.max(0, (jit.totalMs ?? 0) - sum);
  const above = operators.filter(at => times.processes[at] === 1);
  const below = operators.filter(at => times.processes[at]! > 1);
  const processes = below.reduce((most, at) => Math.max(most, times.processes[at]!), 1);
  const leaderAbove = takeOff(plan, above, leader - leaderGeneration, times, true);
  const isAbove = leaderAbove > 0 || leader <= leaderGeneration;
  const average = ((isAbove ? 0 : leader - leaderGeneration) + sum - generation) / processes;
  const inWorkers = takeOff(plan, below, average, times);
  const gather = above.find(at => isGather(plan.nodes[at]!));
  const waited =
    gather === undefined ? 0 : Math.min(Math.max(0, Math.max(...sums) - average), Math.max(0, times.self[gather]!));
  if (gather !== undefined && waited > 0) subtract(plan, gather, waited, times);
  const taken = leaderAbove + inWorkers + waited;
  return { wall: taken + leaderGeneration, taken };
}

function isGather(node: PlanNode): boolean {
  return node.type === 'Gather' || node.type === 'Gather Merge';
}

function workersJit(plan: Plan, operators: readonly number[]): Jit[] {
  return operators.flatMap(at => {
    const workers = plan.nodes[at]!.properties.get('Workers');
    if (!Array.isArray(workers)) return [];
    return workers.flatMap(worker => {
      const jit = worker instanceof Properties ? worker.get('JIT') : undefined;
      return jit instanceof Properties ? [readJit(jit)] : [];
    });
  });
}

function nodesByStatement(plan: Plan, statements: PlanStatement[]): Map<number, number[]> {
  const members = new Map<number, number[]>(statements.map(statement => [statement.index, []]));
  for (const node of plan.nodes) if (node.kind === 'operator') members.get(node.statement)?.push(node.index);
  return members;
}

function launchedProcesses(plan: Plan, operators: readonly number[]): number {
  let processes = 1;
  for (const at of operators) {
    const node = plan.nodes[at]!;
    if (isGather(node)) processes = Math.max(processes, 1 + (node.properties.number('Workers Launched') ?? 0));
  }
  return processes;
}

/** Returns how much was found and taken off; with `whole`, nothing unless one node holds it all. */
function takeOff(plan: Plan, operators: readonly number[], billed: number, times: Times, whole = false): number {
  if (!(billed > 0)) return 0;
  const own = ownStartups(plan, operators, times);
  const holders = operators.filter((_, i) => own[i]! >= billed * holdsIt);
  const ownOf = new Map(operators.map((at, i) => [at, own[i]!]));
  if (holders.length > 0) {
    // The least that holds it; of equals the deepest, which runs first.
    const payer = holders.reduce((best, at) => (ownOf.get(at)! <= ownOf.get(best)! ? at : best));
    const amount = Math.min(billed, ownOf.get(payer)!);
    subtract(plan, payer, amount, times);
    return amount;
  }
  if (whole) return 0;
  let left = billed;
  const pieces = operators.filter(at => ownOf.get(at)! >= billed * smallestPiece);
  for (const at of pieces.sort((a, b) => ownOf.get(b)! - ownOf.get(a)!)) {
    const amount = Math.min(left, ownOf.get(at)!);
    subtract(plan, at, amount, times);
    left -= amount;
  }
  return billed - left;
}

/** How much of a node's own time can lie before its first row. */
function ownStartups(plan: Plan, operators: readonly number[], { self, startup }: Times): Float64Array {
  const below = new Float64Array(plan.nodes.length);
  for (const at of operators) {
    const node = plan.nodes[at]!;
    if (node.parent >= 0 && node.relationship !== 'InitPlan' && startup[at]! > below[node.parent]!) {
      below[node.parent] = startup[at]!;
    }
  }
  return Float64Array.from(operators, at => Math.max(0, Math.min(self[at]!, startup[at]! - below[at]!) || 0));
}

/** Off the node and off all above it in its statement, except a root that has the JIT line below it. */
function subtract(plan: Plan, at: number, amount: number, { self, total }: Times): void {
  self[at]! -= amount;
  const { statement } = plan.nodes[at]!;
  const hasLineBelow = plan.statements[statement]!.container < 0 ? plan.statements[statement]!.root : -1;
  for (let above = at; above >= 0 && plan.nodes[above]!.statement === statement; above = plan.nodes[above]!.parent) {
    if (above === hasLineBelow || plan.nodes[above]!.kind !== 'operator') break;
    total[above] = Math.max(0, total[above]! - amount);
  }
}
