/** The report of a comparison. CUTOVER_SCREENSHOTS names a folder to look at the results. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { check, comparisonOf, longSource, longTarget, shown, storyChecks } from './comparison-views';
import { ComparisonPanel, type ComparisonPanelOptions, PanelServer, themes } from './panel';
import { contrast, screenshot } from './with-panel';

let server: PanelServer;
let panel: ComparisonPanel;
beforeAll(async () => {
  server = await PanelServer.start();
});
afterAll(() => server?.stop());

async function open(options: Partial<ComparisonPanelOptions> = {}): Promise<void> {
  panel = await ComparisonPanel.open(server, { state: shown(), ...options });
  await panel.page.locator('h1').waitFor();
}

afterEach(async () => {
  try {
    expect(await panel.violations()).toEqual([]);
    expect(panel.complaints).toEqual([]);
    expect(panel.unknown).toEqual([]);
  } finally {
    await panel.close();
  }
});

const button = (name: string, exact = true) => panel.page.getByRole('button', { name, exact });
const finding = (id: string) => panel.page.locator(`article[data-check="${id}"]`);
const head = (id: string) => finding(id).locator('.disclosure');
const body = (id: string) => finding(id).locator('.finding-body');
const titles = () => panel.page.locator('.finding-title').allInnerTexts();
const lastRequest = () => panel.requests.at(-1);
const storyOrder = [
  'Settings of roles and databases',
  'JIT compiles on one side only',
  'Planner settings',
  'Minor versions behind',
];

it('says what it comes to, and lists findings worst first, those that bite hard open', async () => {
  await open();
  await head('settings.roles').waitFor();
  await expect
    .poll(() => panel.page.locator('h1').innerText())
    .toBe('4 differences that bite: 2 high, 1 medium, 1 low; 2 checks could not be judged');
  await expect.poll(() => titles()).toEqual(storyOrder);
  await expect.poll(() => body('settings.jit').isVisible()).toBe(true);
  await expect.poll(() => body('settings.planner').isVisible()).toBe(false);
  const groups = await panel.page.locator('.groups tbody tr').allInnerTexts();
  expect(groups.map(text => text.replaceAll(/\s+/g, ' '))).toEqual([
    'Versions low 1 – 1',
    'Settings high 3 – –',
    'Locale – 1 –',
    'Citus – 1 –',
  ]);
  await expect.poll(() => panel.page.locator('.agreeing').innerText()).toMatch(/^Agree in all:\s+Objects 12$/);
});

it('shows evidence node by node, the source left, and which words of long values differ', async () => {
  await open();
  const rows = await body('settings.roles').locator('.evidence tbody tr').allInnerTexts();
  expect(rows.map(text => text.split('\t'))).toEqual([
    ['jit of role app', '', 'off', 'not set'],
    ['search_path of role app', 'worker-1.azure:5432', longSource, longTarget],
    ['work_mem of role app', 'worker-2.azure:5432', '–', '4MB'],
  ]);
  await expect
    .poll(() => body('settings.roles').locator('.evidence b').allInnerTexts())
    .toEqual(['billing', 'archive']);
  const heads = await body('settings.roles').locator('.evidence thead th').allInnerTexts();
  expect(heads).toEqual(['What', 'Node', 'Source · Citus Cloud on AWS', 'Target · Hyperscale on Azure']);
});

it('shows the fix step by step with its lock, rollback and proof, and where to run it', async () => {
  await open();
  const steps = body('settings.roles').locator('.remedy');
  await expect.poll(() => steps.count()).toBe(2);
  const first = (await steps.first().innerText()).replaceAll(/\s+/g, ' ');
  expect(first).toContain('On the target: coordinator pg-azure.example:5432');
  expect(first).toContain('ALTER ROLE app SET jit = off;');
  expect(first).toMatch(/Locks none; it holds for new sessions Rollback ALTER ROLE app RESET jit; Verify SHOW jit;/);
  await expect
    .poll(() => steps.last().locator('h4').innerText())
    .toBe('On the target: workers worker-1.azure:5432, worker-2.azure:5432');
});

it('asks the host for what the user wants of a finding', async () => {
  await open();
  for (const [name, method] of [
    ['Open Fix as SQL', 'openFix'],
    ['Copy Fix', 'copyFix'],
    ['Ignore…', 'ignore'],
    ['Run Again', 'again'],
    ['Record in Playbook', 'record'],
  ] as const) {
    await body('settings.roles').getByRole('button', { name }).click();
    await expect.poll(lastRequest).toEqual({ method, params: { id: 'settings.roles' } });
  }
  await panel.page.getByText('Recorded in move.playbook.md.').waitFor();
  await body('settings.roles').getByRole('button', { name: 'Copy SQL for the target' }).first().click();
  await expect.poll(lastRequest).toEqual({ method: 'copy', params: { text: 'ALTER ROLE app SET jit = off;' } });
  await button('Copy GRANT pg_monitor TO cutover;').click();
  await expect.poll(lastRequest).toEqual({ method: 'copy', params: { text: 'GRANT pg_monitor TO cutover;' } });
  await expect.poll(() => body('settings.jit').getByRole('button', { name: 'Open Fix as SQL' }).count()).toBe(0);
});

it('asks the host for what the user wants of the whole', async () => {
  await open();
  for (const [name, method] of [
    ['What Changed Since…', 'since'],
    ['Export…', 'export'],
    ['Compare Again', 'compare'],
  ] as const) {
    await button(name).click();
    await expect.poll(lastRequest).toEqual({ method, params: {} });
  }
});

it('filters by words in any place, by group and by severity, and keeps that across a reload', async () => {
  await open();
  const find = panel.page.locator('.find input');
  await find.fill('worker-2 WORK_MEM');
  await expect.poll(titles).toEqual(['Settings of roles and databases']);
  await find.press('Escape');
  await expect.poll(titles).toEqual(storyOrder);
  await panel.page.getByLabel('severity', { exact: true }).selectOption({ label: 'medium and worse' });
  await expect.poll(titles).toEqual(storyOrder.slice(0, 3));
  await panel.page.locator('.groups').getByRole('button', { name: 'Versions' }).click();
  await panel.page.getByText('No difference matches.').waitFor();
  await panel.page.getByLabel('severity', { exact: true }).selectOption({ label: 'any severity' });
  await expect.poll(titles).toEqual(['Minor versions behind']);
  await expect.poll(async () => (await panel.storedLayout())?.group).toBe('versions');
  await panel.page.reload();
  await expect.poll(titles).toEqual(['Minor versions behind']);
});

it('works by keyboard: from head to head, open and close', async () => {
  await open();
  await head('settings.roles').focus();
  await panel.page.keyboard.press('ArrowDown');
  await panel.page.keyboard.press('ArrowDown');
  await expect.poll(() => head('settings.planner').evaluate(isFocused)).toBe(true);
  await expect.poll(() => head('settings.planner').getAttribute('aria-expanded')).toBe('false');
  await panel.page.keyboard.press('Enter');
  await expect.poll(() => body('settings.planner').isVisible()).toBe(true);
  await panel.page.keyboard.press('End');
  await expect.poll(() => head('versions.minor').evaluate(isFocused)).toBe(true);
  await panel.page.keyboard.press('Home');
  await panel.page.keyboard.press('Space');
  await expect.poll(() => body('settings.roles').isVisible()).toBe(false);
  await button('Open All').click();
  await expect.poll(() => panel.page.locator('.finding-body:visible').count()).toBe(4);
  await button('Fold All').click();
  await expect.poll(() => panel.page.locator('.finding-body:visible').count()).toBe(0);
});

it('shows the check the host asks for, whatever is filtered and folded', async () => {
  await open();
  await panel.page.locator('.find input').fill('no such word');
  await panel.page.getByText('No difference matches.').waitFor();
  panel.select('versions.minor');
  await body('versions.minor').waitFor();
  await expect.poll(() => head('versions.minor').evaluate(isFocused)).toBe(true);
  panel.select('objects.number_3');
  await panel.page.locator('[data-check="objects.number_3"]').waitFor();
});

it('says once what several nodes hide for the same reason, with the one grant', async () => {
  const gap = { what: 'pg_hba.conf is hidden from this role', grant: 'GRANT pg_monitor TO cutover;' };
  const unknown = ['pg:5432', 'w1:5432', 'w2:5432'].map(node => ({ ...gap, node }));
  await open({ state: shown({ comparison: comparisonOf([check('roles.hba', { verdict: 'unknown', unknown })]) }) });
  const gaps = panel.page.locator('.rest.unknown .gaps > li');
  await expect.poll(() => gaps.count()).toBe(1);
  await expect.poll(() => gaps.innerText()).toContain(`${gap.what} on pg:5432, w1:5432, w2:5432`);
  await expect.poll(() => gaps.locator('.grant').count()).toBe(1);
});

it('lists some of many nodes, and the others when asked', async () => {
  const nodes = Array.from({ length: 42 }, (_, i) => `w${i + 1}:5432`);
  const unknown = nodes.map(node => ({ what: 'hidden', node }));
  await open({ state: shown({ comparison: comparisonOf([check('roles.hba', { verdict: 'unknown', unknown })]) }) });
  const gap = panel.page.locator('.rest.unknown .gaps > li');
  await expect.poll(() => gap.innerText()).toMatch(/on w1:5432, .*w8:5432,\s*and 34 more$/s);
  await gap.getByText('and 34 more').click();
  await expect.poll(() => gap.innerText()).toMatch(/w8:5432,\s*w9:5432, .*w42:5432$/s);
});

it('shows what was found of one group that agrees, until it is folded; among several it stays folded', async () => {
  const agreed = check('probe.cpu', { title: 'Speed of a core', summary: 'both sides: 10 ms' });
  await open({ state: shown({ comparison: comparisonOf([agreed]) }) });
  const found = panel.page.getByText('both sides: 10 ms');
  await found.waitFor();
  await expect.poll(() => panel.page.getByText(/of 0 differences/).count()).toBe(0);
  await panel.page.getByRole('button', { name: /^Agrees/ }).click();
  await found.waitFor({ state: 'hidden' });
  await panel.page.reload();
  await panel.page.getByRole('button', { name: /^Agrees/ }).waitFor();
  await expect.poll(() => found.isVisible()).toBe(false);
  await open();
  await panel.page.getByRole('button', { name: /^Agrees/ }).waitFor();
  await expect.poll(() => panel.page.getByText('Objects of kind 11').isVisible()).toBe(false);
});

it('lists what is ignored apart, with its reason, and counts it nowhere', async () => {
  const entry = { id: 'settings.roles', reason: 'The new role needs none <b>', at: '2026-11-29T09:00:00Z' };
  await open({ state: shown({ ignored: [entry] }) });
  await expect.poll(titles).toEqual(storyOrder.slice(1));
  await expect
    .poll(() => panel.page.locator('h1').innerText())
    .toContain('3 differences that bite: 1 high, 1 medium, 1 low');
  await button('Ignored 1').click();
  await panel.page.getByText('The new role needs none <b> (').waitFor();
  await button('Stop ignoring Settings of roles and databases').click();
  await expect.poll(lastRequest).toEqual({ method: 'unignore', params: { id: 'settings.roles' } });
});

it('says what changed since an earlier comparison', async () => {
  const checks = storyChecks().map(each => {
    if (each.id === 'settings.jit') return check(each.id, { title: each.title });
    if (each.id !== 'settings.planner') return each;
    return { ...each, evidence: [{ what: 'random_page_cost', source: '1.1', target: '2' }] };
  });
  await open({ state: shown({ before: comparisonOf(checks, { id: 'm0', at: '2026-11-28T08:00:00Z' }) }) });
  const changes = panel.page.locator('.changes');
  await changes.getByText('settings.jit').first().waitFor();
  const lines = await changes.locator('> ul > li').allInnerTexts();
  expect(lines[0]).toContain('settings.jit appeared (high): jit: source off, target on');
  expect(lines[1]).toContain('then random_page_cost: source 1.1, target 2; now source 1.1, target 4');
  await changes.getByRole('button', { name: 'Close' }).click();
  await expect.poll(lastRequest).toEqual({ method: 'forgetSince', params: {} });
});

it('shows what is there while it runs, and a side that failed', async () => {
  const [versions, , roles] = storyChecks();
  const running = { running: { done: 2, total: 19 }, source: { color: 'x', done: true } };
  await open({ state: shown({ comparison: comparisonOf([versions!, roles!]), ...running }) });
  await panel.page.getByText('2 of 19 checks').waitFor();
  await expect.poll(() => titles()).toEqual(['Settings of roles and databases']);
  await button('Cancel').click();
  await expect.poll(lastRequest).toEqual({ method: 'cancel', params: {} });
  const error = { reason: 'unreachable', message: 'pg-azure.example:5432 refused the connection.', next: 'Start it.' };
  panel.notify(shown({ target: { color: 'x', error } }));
  await panel.page.locator('.side.target').getByText('refused the connection').waitFor();
  await panel.page.locator('.side.target').getByText('Start it.').waitFor();
});

it('says that nothing was compared yet, and that nothing could be', async () => {
  await open({ state: { status: 'none', migration: 'eu' } });
  await button('Compare Clusters').click();
  await expect.poll(lastRequest).toEqual({ method: 'compare', params: {} });
  panel.notify({ status: 'failed', error: { reason: 'unreachable', message: 'Nobody is there.', next: 'Look.' } });
  await panel.page.getByText('Nobody is there.').waitFor();
  await button('Try Again').click();
  panel.notify(shown({ comparison: comparisonOf([check('a.b'), check('a.c')]) }));
  await panel.page.getByText('No difference that bites in 2 checks').waitFor();
  panel.notify({ ...shown(), comparison: { version: 2 } } as never);
  await panel.page.getByText('something this panel does not understand').waitFor();
});

it('shows hostile text as text', async () => {
  const hostile = '<img src=x onerror=alert(1)> \u202e gpj';
  const evidence = [{ what: hostile, node: hostile, source: hostile, target: `${hostile} ${longTarget}` }];
  const remedies = [{ side: 'target', nodes: [hostile], sql: `SELECT '${hostile}'`, lock: hostile } as const];
  const about = { title: hostile, summary: hostile, why: hostile, severity: 'high', evidence } as const;
  const steps = remedies.map(step => ({ ...step, nodes: [...step.nodes], rollback: hostile, verify: hostile }));
  const failed = check('a.<b>"]', { ...about, evidence: [...evidence], verdict: 'fail', remedies: steps });
  const gap = { what: hostile, grant: hostile };
  const unknown = check('a.u', { verdict: 'unknown', summary: hostile, title: hostile, unknown: [gap] });
  await open({ state: shown({ comparison: comparisonOf([failed, unknown]) }) });
  await panel.page.locator('.evidence').waitFor();
  panel.select('a.<b>"]');
  await expect.poll(() => panel.page.locator('.finding .disclosure').evaluate(isFocused)).toBe(true);
  await expect.poll(() => panel.page.locator('img').count()).toBe(0);
  await expect.poll(() => panel.page.locator('body').innerText()).not.toContain('\u202e');
  await expect
    .poll(() => panel.page.locator('.remedy pre').innerText())
    .toBe(`SELECT '${hostile.replace('\u202e', '\\u202e')}'`);
});

it('draws a hundred lines of evidence, and the others when asked', async () => {
  const evidence = Array.from({ length: 5000 }, (_, i) => ({ what: `table_${i}`, source: '1', target: '2' }));
  const many = check('objects.many', { verdict: 'fail', severity: 'high', evidence });
  await open({ state: shown({ comparison: comparisonOf([many]) }) });
  await panel.page.getByText('table_99', { exact: true }).waitFor();
  await expect.poll(() => panel.page.locator('.evidence tbody tr').count()).toBe(100);
  await button('Show 4,900 more lines').click();
  await panel.page.getByText('table_4999').waitFor();
});

it('prints everything, black on white, with nothing to click', async () => {
  await open({ theme: 'dark-modern' });
  await head('settings.roles').waitFor();
  await panel.page.emulateMedia({ media: 'print' });
  await expect.poll(() => panel.page.locator('.finding-body:visible').count()).toBe(4);
  await expect.poll(() => panel.page.locator('vscode-button:visible').count()).toBe(0);
  await expect.poll(() => panel.page.getByText('Objects of kind 11').isVisible()).toBe(true);
  const color = await panel.page.locator('.evidence tbody th').first().evaluate(computedColor);
  expect(color).toBe('rgb(0, 0, 0)');
  await screenshot(panel, 'comparison-print');
});

const texts: [selector: string, contrast: number][] = [
  ['.verdict h1', 3],
  ['.taken', 4.5],
  ['.side.source h2', 4.5],
  ['.side.target h2', 4.5],
  ['.groups tbody .link', 4.5],
  ['.agreeing .link', 4.5],
  ['.severity.high', 4.5],
  ['.severity.medium', 4.5],
  ['.severity.low', 4.5],
  ['.finding-title', 4.5],
  ['[aria-expanded="false"] .finding-summary', 4.5],
  ['.evidence thead .source', 4.5],
  ['.evidence thead .target', 4.5],
  ['.evidence td.target', 4.5],
  ['.why dt', 4.5],
  ['.check-id', 4.5],
];

it.each(themes)('is legible in %s', async theme => {
  await open({ theme, height: 1300 });
  await head('settings.roles').focus();
  await screenshot(panel, `comparison-${theme}`);
  const low: string[] = [];
  for (const [selector, wanted] of texts) {
    const found = await panel.page.locator(selector).first().evaluate(contrast);
    if (found < wanted) low.push(`${selector}: ${found.toFixed(2)}, wanted ${wanted}`);
  }
  expect(low).toEqual([]);
});

it.each([480, 760, 1400])('fits %i px', async width => {
  await open({ width });
  await head('settings.roles').waitFor();
  await screenshot(panel, `comparison-${width}`);
  const over = await panel.page.locator('main').evaluate(main => {
    const { scrollWidth, clientWidth } = main as unknown as { scrollWidth: number; clientWidth: number };
    return scrollWidth - clientWidth;
  });
  expect(over).toBeLessThanOrEqual(0);
});

function isFocused(element: unknown): boolean {
  return (globalThis as unknown as { document: { activeElement: unknown } }).document.activeElement === element;
}

function computedColor(element: unknown): string {
  return (globalThis as unknown as { getComputedStyle(of: unknown): { color: string } }).getComputedStyle(element)
    .color;
}
