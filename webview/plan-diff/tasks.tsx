/** The tasks of a distributed query, one bar each, to one scale on both sides. */
import { formatCount, formatMs } from '../../src/shared/format';
import type { SideView, TaskView } from '../../src/shared/plan-diff';
import { plural } from '../common/format';

type Tasks = NonNullable<SideView['tasks']>;

/** More bars than this would be thinner than a pixel or two. */
const taskBars = 96;

export function TaskBars({ tasks, slowestMs }: { tasks: Tasks; slowestMs: number }) {
  const shown = (tasks.list.length > taskBars ? slowest(tasks.list) : tasks.list).toSorted(byNode);
  if (slowestMs === 0) return null;
  return (
    <div class="task-bars" aria-hidden>
      {shown.map((task, i) => {
        const executionMs = task.executionMs ?? 0;
        const jit = executionMs > 0 && task.jitMs !== undefined ? Math.min(1, task.jitMs / executionMs) : 0;
        const words =
          task.error ??
          `${formatMs(executionMs)}${task.jitMs === undefined ? '' : `, of which JIT ${formatMs(task.jitMs)}`}`;
        return (
          <span
            key={i}
            class={`task ${task.error === undefined ? '' : 'failed'} ${i > 0 && shown[i - 1]!.node !== task.node ? 'next-node' : ''}`}
            style={{ height: task.error === undefined ? `${(100 * executionMs) / slowestMs}%` : '100%' }}
            title={`${task.node}: ${words}`}
          >
            <span class="part jit" style={{ height: `${100 * jit}%` }} />
          </span>
        );
      })}
    </div>
  );
}

function byNode(a: TaskView, b: TaskView): number {
  return a.node < b.node ? -1 : a.node > b.node ? 1 : 0;
}

function slowest(list: Tasks['list']): typeof list {
  return list.toSorted((a, b) => (b.executionMs ?? 0) - (a.executionMs ?? 0)).slice(0, taskBars);
}

/** `8 tasks on 2 nodes, slowest 308 ms`. */
export function tasksLine({ total, nodes, shown, list }: Tasks): string {
  const times = list.flatMap(task => (task.executionMs === undefined ? [] : [task.executionMs]));
  const slowestMs = times.reduce((most, each) => Math.max(most, each), 0);
  const failed = list.filter(task => task.error !== undefined).length;
  const all = list.length >= total;
  return [
    all ? `${plural(total, 'task')} on ${plural(nodes, 'node')}` : `${plural(total, 'task')}, shown: ${shown}`,
    times.length > 0 && `${times.length > 1 ? 'slowest ' : ''}${formatMs(slowestMs)}`,
    failed > 0 && `${formatCount(failed)} without a plan`,
    list.length > taskBars && `bars: the ${taskBars} slowest`,
  ]
    .filter(Boolean)
    .join(', ');
}
