import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type LintContext, lint } from '../../../src/playbook/lint/lint';
import { type RuleCode, rules } from '../../../src/playbook/lint/rules';
import { readPlaybook } from '../../../src/playbook/playbook';
import { playbookTemplate } from '../../../src/playbook/template';
import { classify } from '../../../src/sql/classify';
import { loadSqlParser, type SqlParser } from '../../../src/sql/parser';
import { goodPlaybook, now } from './a-playbook';

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

const catalogueIds = ['settings.planner', 'settings.roles'];

function context(changes: Partial<LintContext> = {}): LintContext {
  return {
    now,
    migrations: ['eu', 'us'],
    catalogue: {
      has: id => catalogueIds.includes(id),
      nearest: id => (id.startsWith('settings') ? 'settings.planner' : undefined),
    },
    judgeSql: sql => {
      const { error, class: kind } = classify(parser, sql);
      if (error) return { kind: 'syntax', ...error };
      return kind === 'read' ? undefined : { kind: 'refused', message: 'It writes.', offset: 0 };
    },
    classOf: sql => classify(parser, sql).class,
    ...changes,
  };
}

/** Codes, and the text that each marks. */
function said(text: string, changes: Partial<LintContext> = {}): [RuleCode, string][] {
  return lint(readPlaybook(text), context(changes)).map(({ code, start, end }) => [code, text.slice(start, end)]);
}

function replaced(what: string, by: string): string {
  expect(goodPlaybook).toContain(what);
  return goodPlaybook.replace(what, by);
}

const passed =
  '<!-- cutover:result versions pass 2026-11-29T08:58:00Z source=10.0.0.1:5432/app target=10.0.0.2:5432/app -->';

test('of a playbook in which all is right only what never ran is said', () => {
  expect(said(goodPlaybook)).toEqual([['checkNeverRan', 'settings.planner']]);
});

const faults: [what: string, text: () => string, ...expected: [RuleCode, string][]][] = [
  ['no front matter', () => goodPlaybook.slice(goodPlaybook.indexOf('# Move')), ['frontMatter', '# Move EU']],
  ['a newer format', () => replaced('cutover: 1', 'cutover: 2'), ['frontMatter', '2']],
  ['front matter that is no YAML', () => replaced('migration: eu', 'migration: "eu'), ['frontMatter', '']],
  ['another migration', () => replaced('migration: eu', 'migration: asia'), ['migrationUnknown', 'asia']],
  ['no migration', () => replaced('migration: eu\n', ''), ['migrationUnknown', '---']],
  [
    'phases out of order',
    () => replaced('## Comparison analysis', '## Monitor'),
    ['phaseOrder', '## Test each piece'],
    ['phaseOrder', '## Go live'],
  ],
  ['no checkbox', () => replaced('- [x] done\n', ''), ['stepWithoutCheckbox', '### Same versions']],
  [
    'an empty owner',
    () =>
      replaced(
        '- owner: Antoine\n- reviewer: Matthieu\n- tools: `psql`',
        '- owner:\n- reviewer: Matthieu\n- tools: `psql`',
      ),
    ['ownerMissing', 'owner:'],
  ],
  ['no reviewer', () => replaced('- reviewer: Matthieu\n', ''), ['reviewerMissing', '### Same versions']],
  ['no tools', () => replaced('- tools: `psql`\n', ''), ['toolsMissing', '### Same versions']],
  ['no rollback', () => replaced('- rollback: nothing to undo\n', ''), ['rollbackMissing', '### Same versions']],
  ['no verify', () => replaced('- verify: check:versions passes\n', ''), ['verifyMissing', '### Same versions']],
  [
    'the owner as reviewer',
    () => replaced('- reviewer: Matthieu', '- reviewer: antoine'),
    ['reviewerIsOwner', 'antoine'],
  ],
  ['an unknown place', () => replaced('on=both', 'on=everywhere'), ['checkMalformed', 'everywhere']],
  ['an unknown attribute', () => replaced('sql check id', 'sql check foo id'), ['checkMalformed', 'foo']],
  ['a place twice', () => replaced('on=both', 'on=both on=both'), ['checkMalformed', 'on=both']],
  [
    'no id',
    () => replaced(' id=versions', ''),
    ['referenceUnknown', 'check:versions'],
    ['checkIdMissing', '```sql check on=both expect=same every=10m'],
  ],
  [
    'an id that is none',
    () => replaced('id=versions', 'id=a--b'),
    ['referenceUnknown', 'check:versions'],
    ['checkMalformed', 'a--b'],
  ],
  [
    'nothing expected',
    () => replaced(' expect=same', ''),
    ['checkExpectInvalid', '```sql check id=versions on=both every=10m'],
  ],
  ['a bad time', () => replaced('every=10m', 'every=often'), ['checkMalformed', 'often']],
  ['bad SQL', () => replaced('AS version;', 'AS version FROM;'), ['checkSyntax', ';']],
  [
    'SQL that writes',
    () => replaced("SELECT current_setting('server_version') AS version", 'DELETE FROM events'),
    ['checkRefused', 'DELETE'],
  ],
  [
    'an unknown check',
    () => replaced('id: settings.planner', 'id: settings.planer'),
    ['checkUnknown', 'settings.planer'],
  ],
  [
    'a key that is none',
    () => replaced('id: settings.planner', 'id: settings.planner\nfoo: 1'),
    ['checkMalformed', 'foo'],
  ],
  ['YAML that is none', () => replaced('id: settings.planner', 'id: ['), ['checkIdMissing', '```cutover check']],
  [
    'a check in a list',
    () => `${goodPlaybook}\n- a\n\n  \`\`\`sql check id=x expect=same\n  SELECT 1\n  \`\`\`\n`,
    ['checkNested', '  ```sql check id=x expect=same'],
  ],
  ['an old result', () => replaced('08:58:00Z', '08:40:00Z'), ['checkStale', 'versions']],
  [
    'a failed check',
    () => replaced(passed, passed.replace('pass', 'fail')),
    ['doneThoughFailing', '[x]'],
    ['checkFailed', 'versions'],
  ],
  [
    'an unjudged check',
    () => replaced(passed, passed.replace('pass', 'unknown')),
    ['doneThoughFailing', '[x]'],
    ['checkUnjudged', 'versions'],
  ],
  [
    'a result of another version',
    () => replaced(passed, passed.replace(' -->', ' of=00000000 -->')),
    ['checkStale', 'versions'],
  ],
  ['a result without end', () => replaced('<!-- /cutover:result -->\n', ''), ['regionBroken', passed]],
  ['a result that went astray', () => replaced(passed, `Words.\n\n${passed}`), ['resultWithoutCheck', passed]],
  [
    'a finding twice',
    () => goodPlaybook + goodPlaybook.slice(goodPlaybook.indexOf('### Plans of an')),
    ['findingTwice', '### Plans of an insert'],
  ],
  [
    'a word that leads nowhere',
    () => replaced('check:versions', 'check:version.'),
    ['referenceUnknown', 'check:version'],
  ],
  [
    'no write looked at',
    () => replaced('INSERT INTO events VALUES (1)', 'SELECT 1'),
    ['biasNoWrite', '## Test each piece'],
  ],
];

describe('says', () => {
  for (const [what, make, ...expected] of faults)
    test(what, () => {
      const codes = expected.map(([code]) => code);
      const relevant = said(make()).filter(([code]) => codes.includes(code));
      if (what.includes('YAML')) expect(relevant.map(([code]) => code)).toEqual(expect.arrayContaining(codes));
      else expect(relevant).toEqual(expected);
      expect(said(goodPlaybook).filter(([code]) => codes.includes(code) && code !== 'checkNeverRan')).toEqual([]);
    });

  test('two checks of one id', () => {
    const twice = replaced(
      '## Test each piece',
      '```sql check id=versions expect=empty\nSELECT 1\n```\n\n## Test each piece',
    );
    expect(said(twice).filter(([code]) => code === 'checkIdTwice')).toEqual([['checkIdTwice', 'versions']]);
  });

  test('a finding that is open when the move goes live, and that the way back was not rehearsed', () => {
    const live = replaced('- started:', '- started: 2026-11-29T08:00:00Z').replace('severity=medium', 'severity=high');
    const codes = ['findingOpenAtGoLive', 'rollbackNotRehearsed'];
    expect(said(live).filter(([code]) => codes.includes(code))).toEqual([
      ['rollbackNotRehearsed', '## Go live'],
      ['findingOpenAtGoLive', '### Plans of an insert'],
    ]);
    const settled = live
      .replace('severity=high', 'severity=high status=accepted')
      .replace(
        '## Test each piece',
        '## Preliminary considerations\n\n### Rehearse the way back\n\n- [x] done\n\n## Test each piece',
      );
    expect(said(settled).filter(([code]) => codes.includes(code))).toEqual([]);
  });

  test('heavy statements that nothing mentions, whatever their values', () => {
    const heavy = [
      { title: 'UPDATE events SET a = $1 WHERE …', share: 0.4 },
      { title: 'insert into events values ($1)', share: 0.2 },
    ];
    const [found] = lint(readPlaybook(goodPlaybook), context({ heavy })).filter(
      ({ code }) => code === 'biasHeavyUntested',
    );
    expect(found!.message).toContain('UPDATE events SET a = $1 WHERE … (40 % of the time)');
    expect(found!.message).not.toContain('20 %');
  });

  test('a read that nothing looks at, where writes are', () => {
    const writes = replaced('SELECT count(*) FROM events', 'UPDATE events SET a = 1');
    expect(said(writes)).toContainEqual(['biasNoRead', '## Test each piece']);
  });

  test('each rule in some test', () => {
    const tested = new Set(faults.flatMap(([, , ...expected]) => expected.map(([code]) => code)));
    const elsewhere = [
      'checkNeverRan',
      'checkIdTwice',
      'findingOpenAtGoLive',
      'rollbackNotRehearsed',
      'biasHeavyUntested',
      'biasNoRead',
    ];
    for (const code of elsewhere) tested.add(code as RuleCode);
    expect([...tested].sort()).toEqual(Object.keys(rules).sort());
  });
});

test('the template has no errors, and asks for what its team must fill in', () => {
  const template = playbookTemplate({ migration: 'eu', sourceLabel: 'Old', targetLabel: 'New' });
  const ids = readPlaybook(template).checks.flatMap(({ kind, id }) => (kind === 'catalogue' && id ? [id.value] : []));
  const found = lint(
    readPlaybook(template),
    context({ catalogue: { has: id => ids.includes(id), nearest: () => undefined } }),
  );
  expect(found.filter(({ code }) => rules[code].level === 'error')).toEqual([]);
  expect(new Set(found.map(({ code }) => code))).toEqual(new Set(['ownerMissing', 'reviewerMissing', 'checkNeverRan']));
});

test('any text is read, and every place lies within it', () => {
  const parts = fc.constantFrom(
    ...goodPlaybook.split(/(?<=\n)/),
    '```',
    '<!--',
    '-->',
    '---\n',
    '## Go live\n',
    '\r',
    '\ufeff',
    '💥',
  );
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 60 }), pieces => {
      const text = pieces.join('');
      for (const { start, end, related, message } of lint(readPlaybook(text), context())) {
        expect(message).not.toBe('');
        for (const place of [{ start, end }, ...(related ? [related] : [])]) {
          expect(place.start).toBeGreaterThanOrEqual(0);
          expect(place.end).toBeGreaterThanOrEqual(place.start);
          expect(place.end).toBeLessThanOrEqual(text.length);
        }
      }
    }),
    { numRuns: 300 },
  );
});
