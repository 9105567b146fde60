import { describe, expect, it } from 'vitest';
import { alignPlans } from '../../../src/plan/align';
import type { Plan } from '../../../src/plan/model';
import { readPlan } from '../../../src/plan/read';
import { placeTasks, relationsInTasks, type Shards } from '../../../src/plan/shards';
import { explainJson, node } from './fixtures';
import { viewOf } from './views';

interface Task {
  shard: string;
  ms: number;
  rows: number;
  sort?: boolean;
}

/** An analysed count over the tasks given. */
function distributed(...tasks: Task[]): Plan {
  const remote = ({ shard, ms, rows, sort }: Task) => {
    const scan = node('Seq Scan', { 'Relation Name': shard, Alias: 'events', time: [0, ms], rows });
    const root = sort ? node('Sort', { 'Sort Method': 'quicksort', time: [ms, ms + 5], rows }, scan) : scan;
    return { Plan: root, 'Planning Time': 1, 'Execution Time': ms + 10 };
  };
  const root = node('Custom Scan', {
    'Custom Plan Provider': 'Citus Adaptive',
    time: [0, 900],
    'Distributed Query': {
      Job: {
        'Task Count': tasks.length,
        'Tasks Shown': 'All',
        Tasks: tasks.map(task => ({ Node: 'host=h port=1 dbname=d', 'Remote Plan': [[remote(task)]] })),
      },
    },
  });
  return readPlan(explainJson(root, { 'Planning Time': 1, 'Execution Time': 1000 })).plan;
}

const shards = (...ids: number[]): Shards =>
  new Map(ids.map((id, i) => [`events_${id}`, { table: 'events', range: `${i * 100}..${i * 100 + 99}` }]));

/** Shards scanned side by side. */
function scans(source: Plan, target: Plan): string[] {
  return alignPlans(source, target).flatMap(row => {
    const [a, b] = [source.nodes[row.source ?? -1], target.nodes[row.target ?? -1]];
    return a?.relation || b?.relation ? [`${a?.relation} ${b?.relation}`] : [];
  });
}

describe('tasks placed by the metadata', () => {
  const source = () =>
    distributed({ shard: 'events_11', ms: 300, rows: 9000 }, { shard: 'events_12', ms: 100, rows: 500 });
  const target = () =>
    distributed({ shard: 'events_72', ms: 400, rows: 500 }, { shard: 'events_71', ms: 200, rows: 9000 });

  it('names what may be shards', () => {
    expect(relationsInTasks(source())).toEqual(['events_11', 'events_12']);
  });

  it('are compared shard by shard, whichever is slower', () => {
    const [a, b] = [source(), target()];
    placeTasks(a, shards(11, 12));
    placeTasks(b, shards(71, 72));
    expect(scans(a, b).sort()).toEqual(['events_11 events_71', 'events_12 events_72']);
    expect(viewOf(a, b).differences.filter(({ kind }) => kind === 'work')).toEqual([]);
  });

  it('are compared slowest with slowest without metadata', () => {
    expect(scans(source(), target()).sort()).toEqual(['events_11 events_72', 'events_12 events_71']);
  });

  it('of different shards are not said to differ in rows and time', () => {
    const [a, b] = [source(), target()];
    placeTasks(a, shards(11, 12));
    placeTasks(b, new Map([['events_72', { table: 'events', range: '7..8' }]]));
    expect(scans(a, b)).toContain('events_11 events_72');
    const row = viewOf(a, b).rows.find(({ source: cell }) => cell?.name.includes('events_11'))!;
    expect(row.changes).toEqual([]);
  });
});

describe('the list of differences', () => {
  it('says once what several tasks have more', () => {
    const plain = distributed({ shard: 'events_11', ms: 300, rows: 9 }, { shard: 'events_12', ms: 100, rows: 9 });
    const sorted = distributed(
      { shard: 'events_11', ms: 300, rows: 9, sort: true },
      { shard: 'events_12', ms: 100, rows: 9, sort: true },
    );
    const [difference, ...rest] = viewOf(plain, sorted).differences.filter(({ title }) => title.startsWith('Sort'));
    expect(difference).toMatchObject({ title: 'Sort (2 times)', source: 'none', target: 'quicksort, 5.0 ms each' });
    expect(rest).toEqual([]);
  });
});
