import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import {
  type CodeAction,
  type CodeLens,
  type CompletionItem,
  type Diagnostic,
  DiagnosticSeverity,
  type DocumentLink,
  type DocumentSymbol,
  type FoldingRange,
  type Hover,
  type InlayHint,
  type Range,
  type TextEdit,
  type WorkspaceEdit,
} from 'vscode-languageserver-types';
import { goodPlaybook as recentPlaybook } from '../playbook/a-playbook';
import { type BundledServer, bundleLanguageServer, ServerProcess, uri } from './server-process';

/** Its result is old, whatever today is. */
const goodPlaybook = recentPlaybook.replace('2026-11-29T08:58', '2020-11-29T08:58');

let bundled: BundledServer;
let server: ServerProcess;
beforeAll(async () => {
  bundled = await bundleLanguageServer();
  server = await ServerProcess.start(bundled.module);
}, 60_000);
afterAll(async () => {
  await server?.stop();
  await bundled?.remove();
});
beforeEach(async () => {
  server.names = () => null;
  await server.refreshes('workspace/inlayHint/refresh', () => server.context({}));
});

const file = (text: string) => TextDocument.create(uri, 'markdown', 0, text);

function replaced(what: string, by: string): string {
  expect(goodPlaybook).toContain(what);
  return goodPlaybook.replace(what, () => by);
}

/** Codes in order, and the text that each marks. */
function said(text: string, diagnostics: Diagnostic[]): unknown[] {
  return diagnostics.map(({ code, range }) => [code, file(text).getText(range)]);
}

/** Opens the text at whose `‸` the request is made. */
async function openAt(marked: string): Promise<{ text: string; position: { line: number; character: number } }> {
  const offset = marked.indexOf('‸');
  expect(offset).toBeGreaterThanOrEqual(0);
  const text = marked.replace('‸', '');
  await server.open(text);
  return { text, position: file(text).positionAt(offset) };
}

function edited(text: string, edit: WorkspaceEdit | TextEdit[] | null | undefined): string {
  const edits = Array.isArray(edit) ? edit : edit?.changes?.[uri];
  if (!edits) throw new Error('No edits.');
  return TextDocument.applyEdits(file(text), edits);
}

test('initialize says what the server can do', () => {
  expect(server.initialized.capabilities).toMatchObject({
    textDocumentSync: 2,
    diagnosticProvider: { interFileDependencies: false, workspaceDiagnostics: false },
    completionProvider: {},
    hoverProvider: true,
    codeLensProvider: {},
    codeActionProvider: { codeActionKinds: ['quickfix'] },
    renameProvider: { prepareProvider: true },
    inlayHintProvider: true,
    documentFormattingProvider: true,
  });
});

describe('diagnostics', () => {
  test('of a playbook in which only the age of a result is wrong', async () => {
    await server.open(goodPlaybook);
    const found = await server.diagnostics();
    expect(said(goodPlaybook, found)).toEqual([
      ['checkStale', 'versions'],
      ['checkNeverRan', 'settings.planner'],
    ]);
    expect(found[0]).toMatchObject({
      severity: DiagnosticSeverity.Warning,
      source: 'Cutover',
      codeDescription: { href: 'https://example.org/playbook.md#checkstale' },
      range: { start: { line: 20, character: 16 }, end: { line: 20, character: 24 } },
    });
  });

  const sql = "SELECT current_setting('server_version') AS version;";
  test.each([
    ['an error of the grammar', replaced(sql, 'SELECT 1 FORM x y'), 'checkSyntax', 'x', 1],
    ['the place behind characters of two code units', replaced(sql, "SELECT '💥💥' FORM x y"), 'checkSyntax', 'x', 1],
    ['a second statement', replaced(sql, 'SELECT 1; DROP TABLE x'), 'checkSyntax', 'DROP', 1],
    ['a write', replaced(sql, "SELECT '💥', nextval('s')"), 'checkRefused', 'nextval', 1],
    ['an unknown check', replaced('settings.planner', 'settings.planer'), 'checkUnknown', 'settings.planer', 1],
    ['an expectation', replaced('expect=same', 'expect=rows >> 0'), 'checkExpectInvalid', '>>', 1],
    [
      'a missing owner',
      replaced('- owner: Antoine\n- reviewer: Matthieu\n- tools: DNS', '- owner:\n- reviewer: Matthieu\n- tools: DNS'),
      'ownerMissing',
      'owner:',
      3,
    ],
    ['a migration that is not there', replaced('migration: eu', 'migration: asia'), 'migrationUnknown', 'asia', 2],
    [
      'a word that leads nowhere',
      replaced('check:versions', '💥 check:nothing'),
      'referenceUnknown',
      'check:nothing',
      2,
    ],
  ])('%s', async (_, text, code, marked, severity) => {
    for (const document of [text, text.replaceAll('\n', '\r\n')]) {
      await server.open(document);
      const found = (await server.diagnostics()).filter(each => each.code === code);
      expect(said(document, found)).toEqual([[code, marked]]);
      expect(found[0]).toMatchObject({
        severity,
        codeDescription: { href: `https://example.org/playbook.md#${code.toLowerCase()}` },
      });
    }
  });

  test('have the levels of the settings', async () => {
    await server.open(goodPlaybook);
    await server.context({ levels: { checkStale: 'off', checkNeverRan: 'error', ownerMissing: 'loud' } });
    expect(await server.diagnostics()).toMatchObject([{ code: 'checkNeverRan', severity: DiagnosticSeverity.Error }]);
  });

  test('are asked for anew when what the editor knows has changed, as are lenses and hints', async () => {
    const before = server.refreshed.length;
    await server.refreshes('workspace/inlayHint/refresh', () => server.context({ migrations: ['asia'] }));
    expect(server.refreshed.slice(before).sort()).toEqual([
      'workspace/codeLens/refresh',
      'workspace/diagnostic/refresh',
      'workspace/inlayHint/refresh',
    ]);
    await server.open(goodPlaybook);
    expect((await server.diagnostics()).map(({ code }) => code)).toContain('migrationUnknown');
  });

  test('of more than anybody reads the least severe are counted only', async () => {
    const steps = Array.from({ length: 1000 }, (_, i) => `### ${i}\n\n`).join('');
    await server.open(`---\ncutover: 1\nmigration: eu\n---\n\n## Go live\n\n${steps}`);
    const found = await server.diagnostics();
    expect(found).toHaveLength(2001);
    expect(found[0]!.message).toBe('4000 more problems are not shown. Mend some of these first.');
    expect(found.filter(({ code }) => code === 'rollbackMissing' || code === 'verifyMissing')).toHaveLength(2000);
  });

  test('a context that cannot be read is logged, and the one before stays', async () => {
    await server.connection.sendNotification('cutover/context', { migrations: 'eu' });
    await server.open(goodPlaybook);
    expect((await server.diagnostics()).map(({ code }) => code)).not.toContain('migrationUnknown');
    expect(server.logged.join()).toContain('The context cannot be read');
  });
});

describe('completion', () => {
  const labels = async (marked: string) => {
    const { position } = await openAt(marked);
    return (await server.at<CompletionItem[]>('completion', position)).map(({ label }) => label);
  };
  const from = replaced("SELECT current_setting('server_version') AS version;", 'SELECT * FROM ‸');

  test('in SQL has the names of the migration’s clusters', async () => {
    const asked: string[] = [];
    server.names = migration => {
      asked.push(migration);
      return { schemas: ['analytics'], tables: [{ schema: 'analytics', name: 'events', columns: ['tenant_id'] }] };
    };
    expect(await labels(from)).toEqual(expect.arrayContaining(['analytics.events', 'analytics', 'SELECT']));
    expect(asked).toEqual(['eu']);
  });
  test('in SQL has words when nothing is connected, or the names cannot be read', async () => {
    expect(await labels(from)).toContain('SELECT');
    server.names = () => ({ schemas: 'none' });
    expect(await labels(from)).toContain('SELECT');
    expect(server.logged.join()).toContain('Names for completion could not be read');
    server.names = () => {
      throw new Error('The connection is gone.');
    };
    expect(await labels(from)).toContain('SELECT');
  });
  test('elsewhere asks no cluster', async () => {
    let asked = 0;
    server.names = () => asked++;
    expect(await labels(replaced('migration: eu', 'migration: ‸'))).toEqual(['eu', 'us']);
    expect(await labels(replaced('id: settings.planner', 'id: ‸'))).toContain('settings.planner');
    expect(asked).toBe(0);
  });
});

test('hover says what a check of the catalogue asks', async () => {
  const { position } = await openAt(replaced('settings.planner', 'settings‸.planner'));
  const hover = await server.at<Hover>('hover', position);
  expect((hover.contents as { value: string }).value).toContain('*Why:*');
});

test('lenses run checks where the workspace is trusted, and say what runs', async () => {
  await server.open(goodPlaybook);
  const titles = async () => (await server.request<CodeLens[]>('codeLens')).map(({ command }) => command!.title);
  expect(await titles()).toEqual(expect.arrayContaining(['Run all checks', 'Run on both', 'source', 'target']));
  await server.context({ running: { [uri]: ['versions'] } });
  expect(await titles()).toContain('$(loading~spin) running …');
  await server.context({ canRun: false });
  expect((await titles()).filter(title => title.startsWith('Run'))).toEqual([]);
});

describe('quick fixes make what they mend go away', () => {
  const stepWithout = (...keys: string[]) =>
    keys.reduce((text, key) => text.replace(new RegExp(`(### Switch[^]*?)- ${key}: .*\n`), '$1'), goodPlaybook);
  test.each([
    ['rollbackMissing', stepWithout('rollback')],
    ['verifyMissing', stepWithout('rollback', 'verify')],
    ['stepWithoutCheckbox', replaced('### Switch\n\n- [ ] done\n', '### Switch\n\n')],
    ['checkIdMissing', replaced('check id=versions ', 'check ')],
    ['checkIdTwice', `${goodPlaybook}\n\`\`\`sql check id=versions expect=empty\nSELECT 1\n\`\`\`\n`],
    ['checkExpectInvalid', replaced(' expect=same every=10m', '')],
    ['checkUnknown', replaced('settings.planner', 'settings.planer')],
  ])('%s', async (code, text) => {
    await server.open(text);
    const diagnostic = (await server.diagnostics()).find(each => each.code === code)!;
    expect(diagnostic).toBeDefined();
    const { range } = diagnostic;
    const actions = await server.request<CodeAction[]>('codeAction', { range, context: { diagnostics: [diagnostic] } });
    const left: number[] = [];
    for (const { edit } of actions.filter(action => action.edit)) {
      await server.open(edited(text, edit));
      left.push((await server.diagnostics()).filter(each => each.code === code).length);
    }
    expect(left).toContain(0);
  });
});

test('rename changes an id everywhere, and refuses what is no id', async () => {
  const { text, position } = await openAt(replaced('check:versions', 'check:ver‸sions'));
  const edit = await server.at<WorkspaceEdit>('rename', position, { newName: 'pg' });
  expect(edited(text, edit).match(/\bversions\b/g)).toEqual(['versions']);
  await expect(server.at('rename', position, { newName: 'a b' })).rejects.toThrow('cannot be an id');
  expect(await server.at<Range[]>('references', position, { context: { includeDeclaration: true } })).toHaveLength(3);
  expect(await server.at('definition', position)).toMatchObject({ uri, range: { start: { line: 20 } } });
  expect(await server.at('prepareRename', position)).toMatchObject({ placeholder: 'versions' });
});

test('outline, folds, links, hints', async () => {
  const text = replaced('- started:', '- started: 2026-11-29T08:00:00Z').replace(
    '- finished:',
    '- finished: 2026-11-29T08:40:00Z',
  );
  await server.open(text);
  expect((await server.request<DocumentSymbol[]>('documentSymbol')).map(({ name }) => name)).toContain('Go live');
  expect((await server.request<FoldingRange[]>('foldingRange')).length).toBeGreaterThan(8);
  const links = await server.request<DocumentLink[]>('documentLink');
  expect(links.map(({ target }) => target)).toEqual([`${uri}#L21,1`, expect.stringContaining(`${uri}#L`)]);
  const range = { start: { line: 0, character: 0 }, end: { line: 1000, character: 0 } };
  const hints = await server.request<InlayHint[]>('inlayHint', { range });
  expect(hints.map(({ label }) => label)).toEqual(['40 min in all', '40 min, planned 10 min']);
});

test('formatting a formatted playbook changes nothing', async () => {
  const untidy = `${goodPlaybook.replaceAll('- owner', '- owner \t').replaceAll('\n\n', '\n \n\n\n')}x \n`;
  await server.open(untidy);
  const after = edited(untidy, await server.request<TextEdit[]>('formatting', { options: {} }));
  expect(after).not.toBe(untidy);
  await server.open(after);
  expect(await server.request('formatting', { options: {} })).toEqual([]);
});

test('of a document that is not open nothing is said', async () => {
  const about = 'file:///other.playbook.md';
  const position = { line: 3, character: 1 };
  const range = { start: position, end: position };
  expect(await server.request('diagnostic', {}, about)).toMatchObject({ items: [] });
  expect(await server.request('completion', { position }, about)).toEqual([]);
  for (const [method, params] of Object.entries({
    ...{
      hover: { position },
      codeLens: {},
      documentSymbol: {},
      foldingRange: {},
      documentLink: {},
      inlayHint: { range },
    },
    ...{ definition: { position }, references: { position }, rename: { position, newName: 'x' } },
    ...{ codeAction: { range, context: { diagnostics: [] } }, formatting: { options: {} } },
  }))
    expect(await server.request(method, params, about), method).toBeFalsy();
});
