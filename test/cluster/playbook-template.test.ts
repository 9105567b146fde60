import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { playbookTemplate } from '../../src/playbook/template';
import { findPostgres } from '../lab/installations';
import { type LabPair, startPlainPair } from '../lab/lab';

/** Oldest and newest of what this machine has. */
const majors = (await findPostgres()).map(({ majorVersion }) => majorVersion).sort((a, b) => a - b);

describe('the SQL of the playbook’s template', () => {
  let pair: LabPair;
  beforeAll(async () => {
    pair = await startPlainPair({ source: majors[0]!, target: majors.at(-1)! });
  });
  afterAll(() => pair?.stop());

  const template = playbookTemplate({ migration: 'eu', sourceLabel: 'A', targetLabel: 'B' });
  const blocks = [...template.matchAll(/^```sql(?: check id=(\S+) on=\S+ expect=(\S+))?\n([\s\S]*?)\n```$/gm)]
    .map(([, id, expected, sql]) => ({ id: id ?? 'shown', expected, sql: sql! }))
    // Citus and an extension that the server must preload: not there on every server.
    .filter(({ sql }) => !/citus_tables|pg_stat_statements/.test(sql));

  test.each(blocks)('$id runs on the oldest and the newest server', async ({ sql, expected }) => {
    for (const { coordinator } of [pair.source, pair.target]) {
      const rows = await coordinator.query(sql);
      if (expected === 'empty') expect(rows).toEqual([]);
    }
  });
});
