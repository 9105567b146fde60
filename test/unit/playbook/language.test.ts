import { describe, expect, test } from 'vitest';
import type { CompletionItem, Position, TextEdit } from 'vscode-languageserver-types';
import { applyEdits } from '../../../src/playbook/edits';
import { codeActions } from '../../../src/playbook/language/code-actions';
import { type CompletionContext, completion } from '../../../src/playbook/language/completion';
import { PlaybookDocument } from '../../../src/playbook/language/document';
import { format } from '../../../src/playbook/language/formatting';
import { hover } from '../../../src/playbook/language/hover';
import { inlayHints } from '../../../src/playbook/language/inlay-hints';
import { codeLenses } from '../../../src/playbook/language/lenses';
import { definition, documentLinks, prepareRename, referencesTo, rename } from '../../../src/playbook/language/links';
import { documentSymbols, foldingRanges } from '../../../src/playbook/language/symbols';
import { readPlaybook } from '../../../src/playbook/playbook';
import { finishStep, parseDuration, startStep } from '../../../src/playbook/timing';
import { goodPlaybook, now } from './a-playbook';

/** A document in which `‸` marks the cursor. */
function at(marked: string): { document: PlaybookDocument; position: Position } {
  const offset = marked.indexOf('‸');
  expect(offset).toBeGreaterThanOrEqual(0);
  const document = PlaybookDocument.of(marked.replace('‸', ''));
  return { document, position: document.document.positionAt(offset) };
}

function good(what: string, by: string) {
  expect(goodPlaybook).toContain(what);
  return at(goodPlaybook.replace(what, by));
}

function applied({ document }: { document: PlaybookDocument }, edits: TextEdit[]): string {
  const changes = edits.map(({ range, newText }) => ({
    start: document.offset(range.start),
    end: document.offset(range.end),
    text: newText,
  }));
  return applyEdits(
    document.text,
    changes.sort((a, b) => a.start - b.start),
  );
}

const names = {
  schemas: ['analytics', 'public'],
  tables: [
    { schema: 'analytics', name: 'events', columns: ['tenant_id', 'Odd Name'] },
    { schema: 'pg_catalog', name: 'pg_class', columns: ['relname'] },
  ],
};
const context: CompletionContext = {
  migrations: ['eu', 'us'],
  catalogue: [{ id: 'settings.planner', title: 'Planner settings', question: 'Do they agree?' }],
  names,
};

describe('completion', () => {
  const offered = (place: { document: PlaybookDocument; position: Position }, given = context) =>
    completion(place.document, place.position, given);
  const labels = (items: CompletionItem[]) => items.map(({ label }) => label);
  const done = (place: { document: PlaybookDocument; position: Position }, label: string) => {
    const item = offered(place).find(each => each.label === label)!;
    return applied(place, [item.textEdit as TextEdit]);
  };

  test('in front matter: keys that are missing, and migrations', () => {
    expect(labels(offered(good('target: New', 'tar‸')))).toEqual(['target']);
    expect(labels(offered(good('migration: eu', 'migration: ‸')))).toEqual(['eu', 'us']);
    expect(done(good('migration: eu', 'migration: u‸'), 'us')).toContain('migration: us\n');
  });
  test('phases that are not there yet', () => {
    const found = labels(offered(good('## Findings', '## Mon‸\n\n## Findings')));
    expect(found).toContain('Monitor');
    expect(found).not.toContain('Go live');
    expect(done(good('## Findings', '## Mon‸\n\n## Findings'), 'Monitor')).toContain('## Monitor\n');
  });
  test('keys of a step, and the people named before', () => {
    expect(labels(offered(good('- tools: DNS', '- ‸')))).toEqual(['people', 'tools']);
    expect(labels(offered(good('- reviewer: Matthieu\n- tools: DNS', '- reviewer: ‸')))).toEqual(['Matthieu']);
    expect(labels(offered(good('- owner: Antoine\n- reviewer: Matthieu\n- tools: DNS', '- owner: A‸')))).toContain(
      'Matthieu',
    );
    expect(done(good('- tools: DNS', '- to‸'), 'tools')).toContain('\n- tools: \n');
  });
  test('a fence: whole blocks, attributes, their values', () => {
    const place = good('## Go live', '```‸\n\n## Go live');
    expect(labels(offered(place))).toEqual(['sql check', 'cutover check']);
    expect(labels(offered(good('## Go live', '```sql check id=a ‸\nSELECT 1\n```\n\n## Go live')))).toEqual([
      'on=',
      'expect=',
      'every=',
    ]);
    expect(labels(offered(good('on=both', 'on=‸')))).toEqual(['both', 'source', 'target', 'workers']);
    expect(labels(offered(good('expect=same', 'expect=‸')))).toContain('empty');
    expect(done(good('expect=same', 'expect=‸'), 'empty')).toContain('expect=empty every=10m');
  });
  test('ids of the catalogue, with what they ask', () => {
    const [item] = offered(good('id: settings.planner', 'id: ‸'));
    expect(item).toMatchObject({ label: 'settings.planner', documentation: 'Do they agree?' });
  });
  test('ids after check: and finding:', () => {
    expect(labels(offered(good('- verify: sessions', '- verify: check:‸')))).toEqual(['versions', 'settings.planner']);
    expect(labels(offered(good('- verify: sessions', '- verify: finding:p‸')))).toEqual([
      'plan.diff/report-1',
      'plan.diff/insert-1',
    ]);
  });
  test('SQL: tables, columns of tables and aliases, words where nothing is connected', () => {
    const sql = (text: string) => good("SELECT current_setting('server_version') AS version;", text);
    expect(labels(offered(sql('SELECT * FROM ana‸')))).toContain('analytics.events');
    expect(labels(offered(sql('SELECT * FROM analytics.‸')))).toEqual(['events']);
    expect(labels(offered(sql('SELECT e.‸ FROM analytics.events e')))).toEqual(['tenant_id', '"Odd Name"']);
    expect(done(sql('SELECT e.ten‸ FROM analytics.events e'), 'tenant_id')).toContain('SELECT e.tenant_id FROM');
    expect(labels(offered(sql('SELECT ‸ FROM events')))).toEqual(
      expect.arrayContaining(['tenant_id', 'pg_class', 'SELECT']),
    );
    expect(labels(offered(sql('SELECT ‸'), { ...context, names: undefined }))).toContain('FROM');
    expect(offered(sql("SELECT 'a ‸'"))).toEqual([]);
    expect(offered(sql('SELECT 1 -- a ‸'))).toEqual([]);
  });
  test('nowhere else', () => {
    expect(offered(good('Target is slower.', 'Target ‸ is slower.'))).toEqual([]);
  });
});

describe('hover', () => {
  const describeCheck = () => ({ title: 'Planner', question: 'Do they agree?', why: 'They bite.' });
  const shown = (place: { document: PlaybookDocument; position: Position }, check: { onRequest?: true } = {}) => {
    const found = hover(place.document, place.position, { now, describe: () => ({ ...describeCheck(), ...check }) });
    return (found?.contents as { value: string } | undefined)?.value;
  };
  test('a check says what it asks and what it said', () => {
    const text = shown(good('id=versions', 'id=ver‸sions'))!;
    expect(text).toContain('**versions**');
    expect(text).toContain('Last run 2 min ago:');
    expect(text).toContain('> ✓ **pass** · both sides: 15.4');
  });
  test('a check of the catalogue says why', () => {
    const place = good('id: settings.planner', 'id: sett‸ings.planner');
    expect(shown(place)).toContain('*Why:* They bite.');
    expect(shown(place)).not.toContain('loads every node');
    expect(shown(place, { onRequest: true })).toContain('It loads every node for a moment, each time that it runs.');
  });
  test('a finding and a word that names it show its evidence', () => {
    expect(shown(good('### Plans of an insert', '### Plans ‸of an insert'))).toContain('Target is slower.');
    expect(shown(good('finding:plan.diff/insert-1', 'finding:plan.‸diff/insert-1'))).toContain('severity medium');
  });
  test('nothing where nothing is to be said', () => {
    expect(shown(good('# Move EU', '# Mo‸ve EU'))).toBeUndefined();
  });
});

describe('lenses', () => {
  const titles = (canRun: boolean) =>
    codeLenses(PlaybookDocument.of(goodPlaybook), { now, canRun, running: new Set(['settings.planner']) }).map(
      ({ command, range }) => `${range.start.line + 1}: ${command!.title}`,
    );
  test('say how far the playbook is, run checks, and what they last said', () => {
    expect(titles(true)).toEqual([
      '8: 1 of 3 steps done · 1 of 2 checks passing · 2 findings open',
      '8: Run all checks',
      '10: Run all',
      '10: 1 of 1 steps done',
      '32: 0 of 1 steps done',
      '43: 0 of 1 steps done',
      '45: Start step',
      '21: Run on both',
      '21: source',
      '21: target',
      '21: last: pass, 2 min ago',
      '28: $(loading~spin) running …',
      '28: never run',
    ]);
  });
  test('run nothing in a workspace that is not trusted', () => {
    expect(titles(false).filter(title => title.includes('Run'))).toEqual([]);
  });
});

describe('ids', () => {
  test('are renamed in block, result and text', () => {
    const place = good('id=versions', 'id=ver‸sions');
    expect(prepareRename(place.document, place.position)!.placeholder).toBe('versions');
    const after = applied(place, rename(place.document, place.position, 'pg-versions') as TextEdit[]);
    expect(after).toBe(
      goodPlaybook
        .replaceAll('id=versions', 'id=pg-versions')
        .replace('result versions', 'result pg-versions')
        .replace('check:versions', 'check:pg-versions'),
    );
    expect(rename(place.document, place.position, 'a--b')).toContain('cannot be an id');
    expect(rename(place.document, place.position, 'settings.planner')).toBe(
      'There is a check settings.planner already.',
    );
  });
  test('of findings, from the text', () => {
    const place = good('finding:plan.diff/insert-1', 'finding:plan.diff/ins‸ert-1');
    const after = applied(place, rename(place.document, place.position, 'x') as TextEdit[]);
    expect(after).toContain('<!-- cutover:finding x severity=medium');
    expect(after).toContain('- verify: finding:x\n');
  });
  test('of the catalogue are not', () => {
    const place = good('id: settings.planner', 'id: set‸tings.planner');
    expect(prepareRename(place.document, place.position)).toBeUndefined();
  });
  test('lead to what they name', () => {
    const place = good('check:versions', 'check:vers‸ions');
    expect(definition(place.document, place.position)!.start).toEqual({ line: 20, character: 0 });
    expect(referencesTo(place.document, place.position)).toHaveLength(3);
    expect(documentLinks(place.document).map(({ target }) => target)).toEqual([
      'file:///eu.playbook.md#L21,1',
      'file:///eu.playbook.md#L69,1',
    ]);
  });
});

describe('quick fixes', () => {
  const fixed = (place: { document: PlaybookDocument; position: Position }, title: string) => {
    const actions = codeActions(place.document, { start: place.position, end: place.position }, [], {
      now,
      canRun: true,
      nearest: () => 'settings.planner',
    });
    const action = actions.find(each => each.title === title);
    if (!action) throw new Error(`Only: ${actions.map(each => each.title).join(', ')}`);
    return applied(place, Object.values(action.edit!.changes!)[0]!);
  };
  test('add what a step lacks', () => {
    const place = good(
      '- owner: Antoine\n- reviewer: Matthieu\n- tools: DNS\n- rollback: switch back\n',
      '- tools: DNS‸\n',
    );
    expect(fixed(place, 'Add owner, reviewer, rollback')).toContain(
      '- finished:\n- owner:\n- reviewer:\n- rollback: what undoes it',
    );
    expect(fixed(good('- rollback: switch back', '- rollback:‸'), 'Insert a rollback stub')).toContain(
      '- rollback: what undoes it',
    );
    expect(fixed(good('### Switch\n\n- [ ] done\n', '### Switch‸\n\n'), 'Add a checkbox')).toContain('- [ ] done\n');
  });
  test('name, rename and correct checks', () => {
    expect(fixed(good('sql check id=versions', 'sql ch‸eck'), 'Name it same-versions')).toContain(
      'sql check id=same-versions on=both',
    );
    expect(fixed(good('id=versions', 'id=‸'), 'Name it same-versions')).toContain('check id=same-versions on=both');
    expect(fixed(good('id: settings.planner', 'id: set‸tings.planer'), 'Change it to settings.planner')).toBe(
      goodPlaybook,
    );
    const twice = good('## Go live', '```sql check id=ver‸sions expect=empty\nSELECT 1\n```\n\n## Go live');
    expect(fixed(twice, 'Rename it versions-2')).toContain('check id=versions-2 expect');
  });
  test('turn a finding into a check', () => {
    const after = fixed(good('Target is slower.', 'Target is sl‸ower.'), 'Turn the finding into a check');
    const check = readPlaybook(after).checks.at(-1)!;
    expect(check.problems).toEqual([]);
    expect(check.content.text).toContain("WHERE query ILIKE 'INSERT%INTO%events%VALUES%(%'");
  });
  test('run stale checks again', () => {
    const { document, position } = good('08:58:00Z', '08:08:‸00Z');
    const actions = codeActions(document, { start: position, end: position }, [], {
      now,
      canRun: true,
      nearest: () => undefined,
    });
    expect(actions.map(({ title }) => title)).toEqual(['Run versions again']);
    expect(actions[0]!.command!.arguments).toEqual([document.uri, ['versions']]);
  });
});

describe('steps of the go-live list', () => {
  const switching = (text: string) => readPlaybook(text).phases[2]!.steps[0]!;
  test('get their times, and say how long they took', () => {
    const started = applyEdits(goodPlaybook, startStep(goodPlaybook, switching(goodPlaybook), now));
    expect(started).toContain('- started: 2026-11-29T09:00:00Z\n- finished:\n');
    const finished = applyEdits(started, finishStep(started, switching(started), now + 40 * 60_000));
    expect(finished).toContain('- finished: 2026-11-29T09:40:00Z\n');
    expect(finished).toContain('### Switch\n\n- [x] done');
    const document = PlaybookDocument.of(finished);
    const whole = document.range({ start: 0, end: finished.length });
    expect(inlayHints(document, whole, now).map(({ label }) => label)).toEqual([
      '40 min in all',
      '40 min, planned 10 min',
    ]);
    const again = applyEdits(finished, startStep(finished, switching(finished), now + 50 * 60_000));
    expect(again).toContain('- started: 2026-11-29T09:50:00Z\n- finished: \n');
  });
  test.each([
    ['10 min', 600_000],
    ['1 h 30 min', 5_400_000],
    ['90 s', 90_000],
    ['2h', 7_200_000],
    ['soon', undefined],
    ['', undefined],
  ])('planned: %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
});

test('the outline has phases, steps, checks and findings', () => {
  const names = (symbols: ReturnType<typeof documentSymbols>): unknown[] =>
    symbols.map(({ name, children }) => (children?.length ? [name, names(children)] : name));
  expect(names(documentSymbols(PlaybookDocument.of(goodPlaybook)))).toEqual([
    ['Comparison analysis', [['Same versions', ['versions', 'settings.planner']]]],
    ['Test each piece', ['Writes']],
    ['Go live', ['Switch']],
    'Plans of a report',
    'Plans of an insert',
  ]);
});

test('phases, steps, checks and regions fold, and blank lines below them do not', () => {
  const lines = goodPlaybook.split('\n');
  for (const { startLine, endLine } of foldingRanges(PlaybookDocument.of(goodPlaybook))) {
    expect(lines[endLine]!.trim()).not.toBe('');
    expect(endLine).toBeGreaterThan(startLine);
  }
});

test('formatting takes away blanks, and leaves code, regions and line breaks alone', () => {
  const untidy = goodPlaybook
    .replace('# Move EU\n', '# Move EU \n\n\n\n')
    .replace('- tools: DNS', '- tools: DNS\t\t')
    .replace('- rollback: switch back', '- rollback: switch back  ')
    .replace('Target is slower.', 'Target is slower. ')
    .replace('AS version;', 'AS version;   ');
  const document = PlaybookDocument.of(untidy);
  const after = applied({ document }, format(document));
  expect(after).toBe(
    goodPlaybook
      .replace('- rollback: switch back', '- rollback: switch back  ')
      .replace('Target is slower.', 'Target is slower. ')
      .replace('AS version;', 'AS version;   '),
  );
  expect(format(PlaybookDocument.of(after))).toEqual([]);
});
