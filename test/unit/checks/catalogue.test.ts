import { beforeAll, describe, expect, test } from 'vitest';
import { catalogue, findCheck, suggestCheck } from '../../../src/checks/catalogue';
import type { ServerFacts } from '../../../src/checks/check';
import { workerCommand } from '../../../src/cluster/check-commands';
import { classify } from '../../../src/sql/classify';
import { loadSqlParser, type SqlParser } from '../../../src/sql/parser';
import { silentSide } from './readings';

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

const servers: ServerFacts[] = [12, 13, 14, 15, 16, 17, 18].flatMap(major =>
  [true, false].flatMap(citus =>
    (['coordinator', 'worker'] as const).map(role => ({ versionNum: major * 10_000, citus, role })),
  ),
);
const queries = [...new Set(catalogue.flatMap(check => check.queries))];
const texts = [...new Set(queries.flatMap(query => servers.flatMap(server => query.sql(server) ?? [])))];

test('ids are unique and begin with their group, and queries of one name are one query', () => {
  expect(new Set(catalogue.map(({ id }) => id)).size).toBe(catalogue.length);
  for (const { id, group } of catalogue) expect(id).toMatch(new RegExp(`^${group}\\.[a-z-]+$`));
  expect(new Set(queries.map(({ name }) => name)).size).toBe(queries.length);
});

test('every query is one SELECT without a backslash, whatever the server', () => {
  expect(texts.length).toBeGreaterThan(queries.length);
  for (const text of texts) {
    expect(text).not.toContain('\\');
    const { class: found, command } = classify(parser, text);
    expect([text, found]).toEqual([text, expect.stringMatching(/^(?:read|unknown)$/)]);
    expect(command).toBe('SELECT');
  }
});

test('what a worker is sent for all of them is one SELECT, too', () => {
  for (const server of servers) {
    const command = workerCommand(queries, server)!;
    expect(classify(parser, command).command).toBe('SELECT');
    expect(command).toMatch(/^SELECT \/\* cutover \*\/ /);
  }
});

test.each(catalogue)('$id copes with sides that do not answer, and with nonsense', check => {
  const silent = check.judge({ source: silentSide, target: silentSide });
  expect(silent).toMatchObject({ verdict: 'unknown', differences: [], remedies: [] });
  expect(silent.unknown[0]).toMatchObject({ node: 'gone:5432', what: 'Nothing listens there.' });
  for (const text of ['', 'null', '[]', '{}', '"x"', '{"__proto__":1}', '[[[[1]]]]']) {
    const answers = new Map(check.queries.map(({ name }) => [name, { text }]));
    const side = {
      user: 'app',
      nodes: [{ node: 'odd:1', role: 'coordinator' as const, server: servers[0]!, answers }],
    };
    const { verdict } = check.judge({ source: side, target: side });
    // An empty list is an answer to a few.
    expect(['unknown', 'pass']).toContain(verdict);
    if (text !== '[]') expect(verdict).toBe('unknown');
  }
});

describe('an id that is none', () => {
  test.each([
    ['settings.role', 'settings.roles'],
    ['Sequence.behind', 'sequences.behind'],
    ['versions.postgres', 'versions.postgresql'],
    ['planner', 'settings.planner'],
    ['quite another thing', undefined],
    ['', undefined],
    ['x'.repeat(100_000), undefined],
    ['__proto__', undefined],
  ])('%.30s', (id, near) => {
    expect(findCheck(id)).toBeUndefined();
    expect(suggestCheck(id)).toBe(near);
  });
});
