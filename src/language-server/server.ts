/** The Language Server Protocol around `playbook/language/`: requests in, answers out, no logic of its own. */
import { type Connection, TextDocumentSyncKind, TextDocuments } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { catalogue, findCheck, suggestCheck } from '../checks/catalogue';
import { codeActions } from '../playbook/language/code-actions';
import { completion } from '../playbook/language/completion';
import { format } from '../playbook/language/formatting';
import { hover } from '../playbook/language/hover';
import { inlayHints } from '../playbook/language/inlay-hints';
import { codeLenses } from '../playbook/language/lenses';
import { definition, documentLinks, prepareRename, referencesTo, rename } from '../playbook/language/links';
import { documentSymbols, foldingRanges } from '../playbook/language/symbols';
import type { LintContext } from '../playbook/lint/lint';
import {
  type DatabaseNames,
  databaseNamesSchema,
  type ServerContext,
  serverContextSchema,
  serverMethods,
} from '../shared/playbook-server';
import { SqlJudge } from '../sql/sql-judge';
import { diagnose } from './diagnostics';
import { OpenPlaybooks } from './open-playbooks';

/** Ages are in minutes: "3 min ago", and a result may have become stale. */
const refreshMs = 60_000;

const knownChecks = {
  has: (id: string) => findCheck(id) !== undefined,
  nearest: (id: string) => suggestCheck(id),
};

export function serve(connection: Connection): void {
  const documents = new TextDocuments(TextDocument);
  const playbooks = new OpenPlaybooks(documents);
  let context: ServerContext = { migrations: [], canRun: false, levels: {}, documentation: '', running: {}, heavy: {} };
  let judge: SqlJudge | undefined;
  let refreshes = { diagnostics: false, lenses: false, hints: false };

  const refresh = (): void => {
    if (refreshes.diagnostics) connection.languages.diagnostics.refresh();
    if (refreshes.lenses) void connection.sendRequest('workspace/codeLens/refresh').catch(() => {});
    if (refreshes.hints) void connection.languages.inlayHint.refresh().catch(() => {});
  };
  const take = (given: unknown): void => {
    const parsed = serverContextSchema.safeParse(given);
    if (parsed.success) context = parsed.data;
    else connection.console.error(`The context cannot be read: ${parsed.error.message}`);
  };

  connection.onInitialize(({ initializationOptions, capabilities: { workspace } }) => {
    take(initializationOptions);
    refreshes = {
      diagnostics: workspace?.diagnostics?.refreshSupport === true,
      lenses: workspace?.codeLens?.refreshSupport === true,
      hints: workspace?.inlayHint?.refreshSupport === true,
    };
    return {
      serverInfo: { name: 'Cutover' },
      capabilities: {
        textDocumentSync: TextDocumentSyncKind.Incremental,
        diagnosticProvider: { identifier: 'cutover', interFileDependencies: false, workspaceDiagnostics: false },
        completionProvider: { triggerCharacters: ['`', '=', ':', '.', ' ', '#', '-'] },
        hoverProvider: true,
        codeLensProvider: {},
        codeActionProvider: { codeActionKinds: ['quickfix'] },
        documentSymbolProvider: { label: 'Playbook' },
        foldingRangeProvider: true,
        documentLinkProvider: {},
        definitionProvider: true,
        referencesProvider: true,
        renameProvider: { prepareProvider: true },
        inlayHintProvider: true,
        documentFormattingProvider: true,
      },
    };
  });

  connection.onInitialized(() => {
    SqlJudge.load().then(
      loaded => {
        judge = loaded;
        refresh();
      },
      error => connection.console.error(`SQL is not checked: PostgreSQL's grammar could not be loaded: ${error}`),
    );
    setInterval(refresh, refreshMs).unref();
  });

  connection.onNotification(serverMethods.context, given => {
    take(given);
    refresh();
  });

  const lintContext = (migration: string | undefined): LintContext => ({
    now: Date.now(),
    migrations: context.migrations,
    catalogue: knownChecks,
    judgeSql: judge && (sql => judge!.problemOf(sql)),
    classOf: judge && (sql => judge!.classOf(sql)),
    heavy: migration === undefined ? undefined : context.heavy[migration],
  });

  connection.languages.diagnostics.on(({ textDocument }) => {
    const document = playbooks.get(textDocument.uri);
    if (!document) return { kind: 'full', items: [] };
    const items = diagnose(document, lintContext(document.playbook.frontMatter?.migration), context);
    return { kind: 'full', items };
  });

  const namesOf = async (migration: string | undefined): Promise<DatabaseNames | undefined> => {
    if (migration === undefined) return undefined;
    try {
      const answer = databaseNamesSchema.parse(await connection.sendRequest(serverMethods.names, { migration }));
      return answer ?? undefined;
    } catch (error) {
      connection.console.warn(`Names for completion could not be read: ${error}`);
      return undefined;
    }
  };

  connection.onCompletion(async ({ textDocument, position }) => {
    const document = playbooks.get(textDocument.uri);
    if (!document) return [];
    const offset = document.offset(position);
    const inSql = document.playbook.checks.some(
      ({ kind, head, end }) => kind === 'sql' && head.end < offset && offset <= end,
    );
    const names = inSql ? await namesOf(document.playbook.frontMatter?.migration) : undefined;
    return completion(document, position, { migrations: context.migrations, catalogue, names });
  });

  connection.onHover(({ textDocument, position }) => {
    const document = playbooks.get(textDocument.uri);
    return document && hover(document, position, { now: Date.now(), describe: findCheck });
  });

  connection.onCodeLens(({ textDocument: { uri } }) => {
    const document = playbooks.get(uri);
    const running = new Set(context.running[uri] ?? []);
    return document && codeLenses(document, { now: Date.now(), canRun: context.canRun, running });
  });

  connection.onCodeAction(({ textDocument, range, context: { diagnostics } }) => {
    const document = playbooks.get(textDocument.uri);
    const { canRun } = context;
    return document && codeActions(document, range, diagnostics, { now: Date.now(), canRun, nearest: suggestCheck });
  });

  connection.onDocumentSymbol(({ textDocument: { uri } }) => map(playbooks.get(uri), documentSymbols));
  connection.onFoldingRanges(({ textDocument: { uri } }) => map(playbooks.get(uri), foldingRanges));
  connection.onDocumentLinks(({ textDocument: { uri } }) => map(playbooks.get(uri), documentLinks));
  connection.onDocumentFormatting(({ textDocument: { uri } }) => map(playbooks.get(uri), format));

  connection.onDefinition(({ textDocument: { uri }, position }) => {
    const range = map(playbooks.get(uri), document => definition(document, position));
    return range && { uri, range };
  });

  connection.onReferences(({ textDocument: { uri }, position }) =>
    map(playbooks.get(uri), document => referencesTo(document, position).map(range => ({ uri, range }))),
  );

  connection.onPrepareRename(({ textDocument: { uri }, position }) =>
    map(playbooks.get(uri), document => prepareRename(document, position)),
  );

  connection.onRenameRequest(({ textDocument: { uri }, position, newName }) => {
    const edits = map(playbooks.get(uri), document => rename(document, position, newName));
    if (typeof edits === 'string') throw new Error(edits);
    return edits && { changes: { [uri]: edits } };
  });

  connection.languages.inlayHint.on(({ textDocument: { uri }, range }) =>
    map(playbooks.get(uri), document => inlayHints(document, range, Date.now())),
  );

  documents.listen(connection);
  connection.listen();
}

function map<T, R>(value: T | undefined, use: (value: T) => R): R | undefined {
  return value === undefined ? undefined : use(value);
}
