/** A hostile playbook on real servers: each attack is refused or ended, and nothing on any node is as it was not before. */
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Session } from '../../src/cluster/session';
import { runSqlChecks, type SqlCheck } from '../../src/diagnosis/run-sql-checks';
import type { NodeAnswer } from '../../src/shared/check';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair, startPlainPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { type Attack, attacks, citusAttacks, citusObjects, hostileObjects } from './hostile-attacks';
import { limits, profileOf } from './profile-of';
import { changesSince, type Look, loggedSince, look, settle, watchingObjects } from './untouched';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: the hostile playbook on Citus. ${missing}`);

const judgement = { verdict: 'unknown' as const, summary: '', details: [] };

/** Found in a server's log where the text arrived, whatever became of it. */
const markOf = (attack: Attack) => `/*hostile ${attack.name}*/ `;

describe.each([
  { kind: 'PostgreSQL', skip: false, start: () => startPlainPair(), objects: hostileObjects, all: attacks },
  {
    kind: 'Citus',
    skip: missing !== undefined,
    start: () => startCitusPair(),
    objects: [...hostileObjects, ...citusObjects],
    all: [...attacks, ...citusAttacks],
  },
])('A hostile playbook on $kind', ({ kind, skip, start, objects, all }) => {
  let pair: LabPair;
  let nodes: LabServer[];
  let victims: Client[];
  let before: Map<LabServer, Look>;
  const answers = new Map<string, NodeAnswer[]>();

  beforeAll(async () => {
    if (skip) return;
    pair = await start();
    nodes = [pair.source, pair.target].flatMap(({ coordinator, workers }) => [coordinator, ...workers]);
    for (const { coordinator } of [pair.source, pair.target])
      for (const sql of [...watchingObjects, ...objects]) await coordinator.query(sql);
    for (const node of nodes) {
      await node.query(`ALTER SYSTEM SET log_statement = 'all'`);
      await node.query('SELECT pg_reload_conf()');
    }
    victims = await Promise.all(nodes.map(connectVictim));
    before = await lookAtAll(nodes);
    await ask(all.map(attack => checkOf(attack, 'both')));
  });
  afterAll(async () => {
    await Promise.all((victims ?? []).map(victim => victim.end()));
    await pair?.stop();
  });

  /** Gives the answers by the check's id. */
  async function ask(checks: SqlCheck[]): Promise<void> {
    const on = (side: 'source' | 'target') => {
      const { host, port, database, user } = pair[side].coordinator;
      return { side, settings: { host, port, database, user }, label: side, color: '', protected: false };
    };
    const job = { source: on('source'), target: on('target'), limits };
    await runSqlChecks(job, checks, ({ id }, found) => answers.set(id, found));
  }

  test.skipIf(skip).each(all.map(attack => [attack.name, attack] as const))('%s', (name, attack) => {
    const found = answers.get(name)!;
    expect(found.map(({ side }) => side)).toEqual(['source', 'target']);
    for (const answer of found) expectOutcome(attack, answer);
  });

  test.skipIf(skip)('changes nothing on any node', async () => {
    for (const [node, look] of before) expect(await changesSince(node, look), `port ${node.port}`).toEqual([]);
  });

  test.skipIf(skip)('no text that is refused arrives at any node, and what is not refused does', async () => {
    const logs = await Promise.all([...before].map(([node, look]) => loggedSince(node, look)));
    const arrived = all.filter(attack => logs.some(log => log.includes(markOf(attack).trim())));
    expect(arrived.map(({ name }) => name)).toEqual(
      all.filter(({ outcome }) => outcome !== 'refused').map(({ name }) => name),
    );
  });

  test.skipIf(skip)('is refused on workers as well', async () => {
    const onWorkers = await lookAtAll(nodes);
    const some = all.filter(({ outcome, name }) => outcome !== 'limited' && !name.startsWith('10 MB'));
    await ask(some.map(attack => checkOf(attack, 'workers')));
    for (const attack of some) {
      const found = answers.get(attack.name)!;
      // What the grammar refuses is sent nowhere; the rest is judged by each node's own catalog.
      expect(found.length === 2 || found.length === nodes.length, attack.name).toBe(true);
      for (const answer of found)
        if (attack.outcome === 'refused') expect(answer.problem?.kind).toMatch(/refused|failed/);
    }
    for (const [node, look] of onWorkers) expect(await changesSince(node, look), `port ${node.port}`).toEqual([]);
  });

  test.skipIf(skip)('a backslash is read as it was judged, whatever the server says', async () => {
    for (const node of nodes) {
      await node.query('ALTER SYSTEM SET standard_conforming_strings = off');
      await node.query('SELECT pg_reload_conf()');
    }
    const looks = await lookAtAll(nodes);
    const sql = `SELECT '\\' AS a, ' , txid_current() --'`;
    // On Citus the workers read what the coordinator makes of this: two strings, or one and a condition.
    const onShards = `SELECT count(*) FROM dist WHERE b = '\\' AND b <> ' OR true)) --'`;
    await ask([{ id: 'backslash', sql, on: 'workers', judge: () => judgement }]);
    for (const { problem, rows } of answers.get('backslash')!) {
      expect(problem).toBeUndefined();
      expect(rows).toEqual([['\\', ' , txid_current() --']]);
    }
    if (kind === 'Citus') {
      await ask([{ id: 'shards', sql: onShards, on: 'both', judge: () => judgement }]);
      expect(answers.get('shards')!.map(({ rows }) => rows)).toEqual([[['0']], [['0']]]);
    }
    for (const [node, look] of looks) expect(await changesSince(node, look), `port ${node.port}`).toEqual([]);

    // Without that, the first text calls the function, which the proof sees; and the second finds every row.
    const session = await Session.open(profileOf(pair.source.coordinator), undefined, limits);
    await session.transaction([{ text: sql }]);
    const onlyHere = [{ text: 'SET LOCAL standard_conforming_strings = on' }, { text: onShards }];
    const unguarded = kind === 'Citus' && (await session.transaction(onlyHere));
    await session.close();
    const { coordinator } = pair.source;
    expect((await changesSince(coordinator, looks.get(coordinator)!)).join()).toMatch(/next transaction id/);
    if (unguarded) expect(unguarded.results[1]!.rows).toEqual([['100']]);
    for (const node of nodes) {
      await node.query('ALTER SYSTEM RESET standard_conforming_strings');
      await node.query('SELECT pg_reload_conf()');
    }
  });

  test.skipIf(skip)('the proof sees what an attack would do without the gate', async () => {
    const effects: [sql: string, seen: RegExp][] = [
      ["COPY (SELECT 1) TO PROGRAM 'cat > loot_program'", /files/],
      ["SELECT pg_logical_emit_message(false, 'a', 'b')", /WAL: LogicalMessage/],
      ['SELECT pg_stat_reset()', /statistics reset/],
      [
        "SELECT * FROM dblink('dbname=app host=127.0.0.1 port=' || current_setting('port') || ' user=postgres', 'INSERT INTO t VALUES (99)') AS x(a text)",
        /^t: .*WAL: Heap INSERT/ms,
      ],
      ['SELECT * FROM ft', /files/],
      ['SELECT txid_current()', /next transaction id/],
      [
        "SELECT * FROM dblink('dbname=app host=127.0.0.1 port=' || current_setting('port') || ' user=postgres', 'SELECT nextval(''s'')') AS x(a text)",
        /(^|\n)s: /,
      ],
      ["SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'", /victims/],
      ...(kind === 'Citus'
        ? ([
            ["SELECT run_command_on_workers('CREATE TABLE loot (a int)')", /pg_class: .*WAL: /s],
            ['SELECT lies_to_workers()', /./],
          ] as [string, RegExp][])
        : []),
    ];
    for (const [sql, seen] of effects) {
      const looks = await lookAtAll(nodes);
      const session = await Session.open(profileOf(pair.source.coordinator), undefined, limits);
      // In the very transaction that a check would have had.
      await session.transaction([{ text: sql }]);
      await session.close();
      const changes = await Promise.all([...looks].map(([node, look]) => changesSince(node, look)));
      expect(changes.flat().join('\n'), sql).toMatch(seen);
      if (/loot \(a/.test(sql)) for (const worker of pair.source.workers) await worker.query('DROP TABLE loot');
    }
  });
});

function checkOf(attack: Attack, on: SqlCheck['on']): SqlCheck {
  return {
    id: attack.name,
    sql: markOf(attack) + attack.sql,
    on,
    timeoutMs: attack.timeoutMs ?? 1_000,
    judge: () => judgement,
  };
}

function expectOutcome(attack: Attack, answer: NodeAnswer): void {
  const { problem, truncated, rows } = answer;
  if (attack.outcome === 'harmless') {
    expect(problem).toBeUndefined();
    expect(rows.length).toBeGreaterThan(0);
  } else if (attack.outcome === 'limited') {
    if (attack.says) expect(problem?.message).toMatch(attack.says);
    else expect({ truncated, problem }).toEqual({ truncated: true, problem: undefined });
    expect(rows.flat().join('').length).toBeLessThanOrEqual(1_000_000);
    expect(answer.elapsedMs).toBeLessThan(10_000);
  } else {
    expect(problem).toMatchObject({ kind: 'refused', message: expect.stringMatching(attack.says!) });
    expect(rows).toEqual([]);
    const mark = markOf(attack).length;
    if (attack.at !== undefined) expect(problem!.offset).toBe(mark + attack.sql.indexOf(attack.at));
    else if (/more than reading/.test(problem!.message)) expect(problem!.offset).toBe(mark);
  }
}

async function connectVictim({ host, port, database, user }: LabServer): Promise<Client> {
  const victim = new Client({ host, port, database, user, application_name: 'victim' });
  victim.on('error', () => {});
  await victim.connect();
  return victim;
}

async function lookAtAll(nodes: readonly LabServer[]): Promise<Map<LabServer, Look>> {
  for (const node of nodes) await settle(node);
  return new Map(await Promise.all(nodes.map(async node => [node, await look(node)] as const)));
}
