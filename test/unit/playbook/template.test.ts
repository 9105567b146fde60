import { beforeAll, describe, expect, it } from 'vitest';
import { findCheck, suggestCheck } from '../../../src/checks/catalogue';
import { readBlocks } from '../../../src/playbook/blocks';
import { readFrontMatter } from '../../../src/playbook/front-matter';
import { lint } from '../../../src/playbook/lint/lint';
import { readPlaybook } from '../../../src/playbook/playbook';
import { playbookTemplate } from '../../../src/playbook/template';
import { classify } from '../../../src/sql/classify';
import { loadSqlParser, type SqlParser } from '../../../src/sql/parser';

const template = playbookTemplate({ migration: 'eu-analytics', sourceLabel: 'Citus Cloud', targetLabel: 'Azure' });

const steps = template.split(/^## /m).flatMap(phase =>
  phase
    .split(/^### /m)
    .slice(1)
    .map(text => ({ phase: firstLine(phase), title: firstLine(text), text })),
);
const checks = [
  ...template.matchAll(
    /^```sql check id=(\S+) on=(both|source|target|workers) expect=(.+?)(?: every=\d+[mh])?\n([\s\S]*?)\n```$/gm,
  ),
].map(([, id, on, expected, sql]) => ({ id: id!, on: on!, expected: expected!, sql: sql! }));

function firstLine(text: string): string {
  return text.slice(0, text.indexOf('\n'));
}

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

describe('playbookTemplate', () => {
  it('has the phases in their order, findings last', () => {
    const phases = readBlocks(template).filter(block => block.type === 'heading' && block.depth === 2);
    expect(phases.map(phase => phase.text)).toEqual([
      'Comparison analysis',
      'Preliminary considerations',
      'Copy the old to the new',
      'Test each piece',
      'Simulate production',
      'Test in production',
      'Go live',
      'Monitor',
      'Findings',
    ]);
  });
  it('gives every step an owner and a reviewer to fill in, tools, a rollback and how to verify it', () => {
    expect(steps.length).toBeGreaterThanOrEqual(30);
    for (const { text } of steps) {
      expect(text).toMatch(
        /\n\n- \[ \] done\n- owner:\n- reviewer:\n(- people: \S.+\n)?- tools: \S.+\n- rollback: \S.+\n- verify: \S.+\n/,
      );
    }
  });
  it('keeps what is to do apart from the facts of the step, which Markdown would join with a list below them', () => {
    for (const { text } of steps) expect(text).not.toMatch(/\n- (verify|finished):.*\n\n(-|\d+\.) /);
  });
  it('plans the time of every step of “Go live”, and of no other, and says the sum', () => {
    const planned = steps.filter(({ text }) => /\n- planned: \d+ min\n- started:\n- finished:\n/.test(text));
    expect(planned.map(({ title }) => title)).toEqual(
      steps.filter(({ phase }) => phase === 'Go live').map(({ title }) => title),
    );
    expect(template.match(/^- planned:/gm)).toHaveLength(planned.length);
    const minutes = planned.map(({ text }) => Number(/- planned: (\d+)/.exec(text)![1]));
    const sum = minutes.reduce((a, b) => a + b);
    // Clients wait from the end of “Go or no-go” until “Open the target” is done.
    const paused = minutes.slice(1, -1).reduce((a, b) => a + b);
    expect(template).toContain(`the go-live list has ${sum} minutes in all, ${paused} of them paused`);
  });
  it('names every check of the catalogue’s first dozen once', () => {
    const ids = [...template.matchAll(/^```cutover check\nid: (\S+)\n```$/gm)].map(([, id]) => id);
    expect(ids.sort()).toEqual([
      'jit.available',
      'locale.collations',
      'replication.identity',
      'replication.lag',
      'sequences.behind',
      'settings.planner',
      'settings.roles',
      'statements.ready',
      'statistics.never-analyzed',
      'tables.row-counts',
      'versions.citus',
      'versions.extensions',
      'versions.postgresql',
    ]);
    expect(template.match(/cutover check\n/g)).toHaveLength(ids.length);
  });
  it('gives every check in SQL an id of its own, one statement that reads, and a place that fits what it expects', () => {
    expect(checks.length).toBeGreaterThan(15);
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
    expect(template.match(/sql check/g)).toHaveLength(checks.length);
    for (const { on, expected, sql } of checks) {
      const { class: judged, error } = classify(parser, sql);
      expect({ sql, judged, error }).toEqual({ sql, judged: 'read', error: undefined });
      if (expected === 'same' || /\b(source|target)\./.test(expected)) expect(on).toBe('both');
      // A column that an expectation names is one that the statement gives.
      for (const [, column] of expected.matchAll(/(?:source\.|target\.|^)([a-z_]+)(?= [<>=])/g)) {
        expect(sql).toMatch(new RegExp(`\\b${column}\\b`));
      }
    }
  });
  it('leaves nothing to the linter but the people to name and the checks to run', () => {
    const context = { now: 0, catalogue: { has: (id: string) => findCheck(id) !== undefined, nearest: suggestCheck } };
    const codes = lint(readPlaybook(template), context).map(({ code }) => code);
    expect([...new Set(codes)].sort()).toEqual(['checkNeverRan', 'ownerMissing', 'reviewerMissing']);
    expect(codes.filter(code => code === 'ownerMissing')).toHaveLength(steps.length);
  });
  it('refers to steps and checks that there are', () => {
    const names = new Set([...steps.map(({ title }) => title), ...steps.map(({ phase }) => phase)]);
    for (const [, name] of template.replace(/```[\s\S]*?```/g, '').matchAll(/“([A-Z][^”]+)”/g)) {
      expect(names, name).toContain(name);
    }
    const ids = new Set(checks.map(({ id }) => id));
    const mentioned = [...template.matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map(([, id]) => id);
    expect(mentioned.length).toBeGreaterThan(5);
    const files = ['source-nodes', 'target-nodes'];
    for (const id of mentioned) expect([...ids, ...files], id).toContain(id);
  });
  it('keeps hostile names out of YAML and Markdown', () => {
    const names = [
      'a: b #c',
      '---\ncutover: 9',
      '"',
      "'x",
      '*alias',
      '!!js/function x',
      '# h',
      '<!-- x',
      '[a](b)',
      '1e3',
      '',
    ];
    for (const name of names) {
      const document = playbookTemplate({ migration: name, sourceLabel: name, targetLabel: name });
      const { frontMatter, problems } = readFrontMatter(document);
      expect(problems).toEqual([]);
      const shown = name.replace('\n', ' ');
      expect(frontMatter).toEqual({ version: 1, migration: shown, source: shown, target: shown });
      const phases = '\n## Comparison analysis\n';
      expect(document.slice(document.indexOf(phases))).toBe(template.slice(template.indexOf(phases)));
      const blocks = readBlocks(document.slice(0, document.indexOf(phases)));
      expect(blocks.map(block => block.type).slice(0, 2)).toEqual(['frontMatter', 'heading']);
      const introduction = 'Two engineers work in pairs';
      expect(document.slice(document.indexOf(introduction))).toBe(template.slice(template.indexOf(introduction)));
      expect(document.slice(blocks[1]!.end, blocks[2]!.start)).toBe('\n\n');
      expect(blocks[1]!.text.replace(/\s+/g, ' ')).toBe(
        `Move ${shown} from ${shown} to ${shown}`.replace(/\s+/g, ' ').trim(),
      );
    }
  });
});
