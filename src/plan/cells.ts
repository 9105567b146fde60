import { formatBytes, formatCount } from '../shared/format';
import type { Cell } from '../shared/plan-diff';
import { jitWords } from './compare-nodes';
import { cteName } from './init-plan-charges';
import type { PlanNode } from './model';
import { category, isDistributed, nodeName } from './operator';
import { taskAddress, taskError } from './side-view';

/** One node as a line of the tree. Times and rows are EXPLAIN's own, rows per loop. */
export function cellOf(node: PlanNode): Cell {
  const cell: Cell = { node: node.index, name: nameOf(node), category: category(node) };
  const detail = detailOf(node);
  if (detail) cell.detail = detail;
  const set = (
    name: 'selfMs' | 'totalMs' | 'rowsActual' | 'loops' | 'rowsEstimated' | 'totalCost' | 'pages' | 'tempPages',
    value: number | undefined,
  ): void => {
    if (value !== undefined) cell[name] = value;
  };
  set('selfMs', node.selfMs);
  set('totalMs', node.totalMs);
  set('rowsActual', node.actualRows);
  set('loops', node.actualLoops);
  // What Citus estimates of its own nodes is a placeholder.
  if (!isDistributed(node)) {
    set('rowsEstimated', node.planRows);
    set('totalCost', node.totalCost);
  }
  set('pages', node.selfPages);
  if (node.selfTempPages) cell.tempPages = node.selfTempPages;
  if (node.actualLoops === 0 && !(node.totalMs! > 0)) cell.neverExecuted = true;
  const error = taskError(node);
  if (error !== undefined) cell.error = error;
  return cell;
}

function nameOf(node: PlanNode): string {
  if (node.kind === 'subplan') {
    const id = node.properties.text('Subplan');
    return id === undefined ? 'Distributed Subplan' : `Distributed Subplan ${id}`;
  }
  return nodeName(node);
}

function count(number: string | number, noun: string): string {
  const amount = typeof number === 'number' ? formatCount(number) : number;
  return `${amount} ${amount === '1' ? noun : `${noun}s`}`;
}

function kilobytes(text: string | undefined): string | undefined {
  const number = Number(text);
  return text === undefined || Number.isNaN(number) ? text : formatBytes(number * 1024);
}

/** What tells a node from its like, in a few words. */
function detailOf(node: PlanNode): string {
  const parts: string[] = [];
  const { properties } = node;
  const label =
    cteName(node) !== undefined ? `CTE ${cteName(node)}` : node.subplanName?.replace(/ \(returns .*\)$/, '');
  if (label !== undefined && (node.relationship === 'InitPlan' || node.relationship === 'SubPlan')) parts.push(label);
  switch (node.kind) {
    case 'task':
      parts.push(taskAddress(node));
      break;
    case 'jit':
      parts.push(jitWords(properties));
      break;
    case 'subplan':
      for (const name of ['Intermediate Data Size', 'Result destination']) {
        const text = properties.text(name);
        if (text !== undefined) parts.push(text.replace(/^[A-Z]/, letter => letter.toLowerCase()));
      }
      break;
    case 'mapMergeJob':
      parts.push(
        `${properties.text('Map Task Count') ?? '?'} map and ${count(properties.text('Merge Task Count') ?? '?', 'merge task')}`,
      );
      break;
    default:
      parts.push(...operatorDetails(node));
  }
  return parts.join(', ');
}

function operatorDetails(node: PlanNode): string[] {
  const { properties, job } = node;
  const details: string[] = [];
  if (job?.taskCount !== undefined) {
    details.push(count(job.taskCount, 'task'));
    if (job.tasksShown?.startsWith('One of'))
      details.push(node.actualLoops === undefined ? 'one shown' : 'slowest shown');
  }
  const method = properties.text('INSERT/SELECT method');
  if (method !== undefined) details.push(method);
  if (node.indexName !== undefined && node.type !== 'Bitmap Index Scan') details.push(`using ${node.indexName}`);
  const sortMethod = properties.text('Sort Method');
  if (sortMethod !== undefined) {
    const space = kilobytes(properties.text('Sort Space Used'));
    const disk = properties.text('Sort Space Type') === 'Disk' ? ' disk' : '';
    details.push(space === undefined ? sortMethod : `${sortMethod}, ${space}${disk}`);
  }
  for (const name of ['Hash Batches', 'HashAgg Batches']) {
    const batches = properties.number(name) ?? 1;
    if (batches > 1) details.push(count(batches, 'batch').replace('batchs', 'batches'));
  }
  const planned = properties.text('Workers Planned');
  const launched = properties.text('Workers Launched');
  if (planned !== undefined) {
    details.push(
      launched === undefined || launched === planned
        ? count(planned, 'worker')
        : `${launched} of ${count(planned, 'worker')}`,
    );
  }
  if (node.disabled) details.push('disabled by a setting');
  if (node.inconsistent) details.push('its figures contradict its children’s');
  return details;
}
