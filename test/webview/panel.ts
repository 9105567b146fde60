/**
 * The pages in a real browser, as VS Code shows them: the bundle, a strict Content Security Policy, the theme's
 * variables and VS Code's own default styles as a running VS Code set them. The other end is the real RpcServer.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { webviewBuild } from '../../scripts/webview-build.mjs';
import { type ComparisonState, comparisonRequests } from '../../src/shared/comparison-panel';
import type { Proving } from '../../src/shared/diagnosis';
import { type PlanDiffState, planDiffRequests } from '../../src/shared/plan-diff-panel';
import { type Handlers, type Requests, RpcServer } from '../../src/shared/rpc';
import { type StatementsState, statementsRequests } from '../../src/shared/statements-panel';
import { launchChromium } from '../host/driver/chromium';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fixtures = new URL('../fixtures/themes/', import.meta.url);

export const themes = ['dark-modern', 'light-modern', 'dark-high-contrast', 'light-high-contrast'] as const;
type Theme = (typeof themes)[number];

const nonce = 'c2FtZSBmb3IgZXZlcnkgdGVzdA';
const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'self'`;
const pages = ['plan-diff', 'statements', 'comparison'] as const;
type PageName = (typeof pages)[number];

const htmlOf = (name: PageName) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>${name}</title>
    <link rel="stylesheet" href="${name}.css">
  </head>
  <body>
    <div id="root"></div>
    <script nonce="${nonce}" src="${name}.js"></script>
  </body>
</html>`;

/** Serves the pages; one for a test file. */
export class PanelServer {
  private constructor(
    private readonly server: Server,
    readonly browser: Browser,
    /** Bytes of each page's script. */
    readonly scriptBytes: Readonly<Record<PageName, number>>,
  ) {}

  static async start(): Promise<PanelServer> {
    const bundle = await build({
      ...webviewBuild('/'),
      absWorkingDir: root,
      write: false,
      minify: true,
      logLevel: 'warning',
    });
    const file = (name: string) => bundle.outputFiles!.find(({ path }) => path.endsWith(`/${name}`))!.contents;
    const served: Record<string, [string, string | Uint8Array]> = {};
    for (const name of pages) {
      served[`/${name}`] = ['text/html; charset=utf-8', htmlOf(name)];
      served[`/${name}.js`] = ['text/javascript; charset=utf-8', file(`${name}.js`)];
      served[`/${name}.css`] = ['text/css; charset=utf-8', file(`${name}.css`)];
    }
    const server = createServer((request, response) => {
      const found = served[request.url ?? ''];
      if (!found) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { 'content-type': found[0], 'content-security-policy': policy }).end(found[1]);
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return new PanelServer(server, await launchChromium(), {
      'plan-diff': file('plan-diff.js').byteLength,
      statements: file('statements.js').byteLength,
      comparison: file('comparison.js').byteLength,
    });
  }

  url(name: PageName): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${name}`;
  }

  async stop(): Promise<void> {
    await this.browser.close();
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }
}

interface PageOptions<R extends Requests, State> {
  state: State;
  handlers?: Partial<Handlers<R>>;
  theme?: Theme;
  width?: number;
  height?: number;
  /** As when the user's system forces its own few colours. */
  forcedColors?: boolean;
}

interface Request {
  method: string;
  params: unknown;
}

/** A page and its host. */
export abstract class WebviewPanel<R extends Requests = Requests, State = unknown> {
  /** Everything the page asked for, in order. */
  readonly requests: Request[] = [];
  /** Messages that made no sense to the host. */
  readonly unknown: string[] = [];
  /** Errors thrown on the page and complaints in its console. */
  readonly complaints: string[] = [];
  state: State;
  protected readonly server: RpcServer<R>;

  protected constructor(
    private readonly context: BrowserContext,
    readonly page: Page,
    requests: R,
    options: PageOptions<R, State>,
    defaults: Omit<Handlers<R>, 'ready'>,
  ) {
    this.state = options.state;
    const handlers = { ready: async () => this.state, ...defaults, ...options.handlers } as unknown as Handlers<R>;
    this.server = new RpcServer(
      message => {
        // The page may have been closed or reloaded meanwhile, as a panel may.
        this.post(message).catch(() => {});
      },
      requests,
      handlers,
      what => this.unknown.push(what),
    );
  }

  protected static async newPage(server: PanelServer, options: PageOptions<Requests, unknown>) {
    const context = await server.browser.newContext({
      viewport: { width: options.width ?? 1400, height: options.height ?? 800 },
      forcedColors: options.forcedColors ? 'active' : 'none',
      reducedMotion: 'reduce',
    });
    return { context, page: await context.newPage() };
  }

  protected async load(url: string, theme: Theme = 'dark-modern'): Promise<void> {
    this.page.on('pageerror', error => this.complaints.push(String(error)));
    this.page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
    await this.page.exposeBinding('toHost', (_source, message: unknown) => {
      const { type, method, params } = message as { type: string; method: string; params: unknown };
      if (type === 'request') this.requests.push({ method, params });
      void this.server.receive(message);
    });
    const styles = await readFile(new URL('default-styles.css', fixtures), 'utf8');
    await this.page.addInitScript(beVscode, { theme: await readTheme(theme), styles });
    await this.page.goto(url);
  }

  /** Sends another state, as the host does when a run ends. */
  notify(state: State): void {
    this.state = state;
    this.server.notify('state', state);
  }

  /** A message as it is, sense or nonsense. */
  async post(message: unknown): Promise<void> {
    // As text: Playwright would wrap every value of a large view.
    const json = JSON.stringify(message);
    await this.page.evaluate(text => (globalThis as unknown as PageGlobals).postMessage(JSON.parse(text), '*'), json);
  }

  async violations(): Promise<string[]> {
    return this.page.evaluate(() => (globalThis as unknown as PageGlobals).violations);
  }

  async storedLayout(): Promise<Record<string, unknown>> {
    return this.page.evaluate(() =>
      JSON.parse((globalThis as unknown as PageGlobals).sessionStorage.getItem('state') ?? 'null'),
    );
  }

  async close(): Promise<void> {
    this.server.dispose();
    await this.context.close();
  }
}

export type PanelOptions = PageOptions<typeof planDiffRequests, PlanDiffState>;

/** The page of one plan diff. */
export class Panel extends WebviewPanel<typeof planDiffRequests, PlanDiffState> {
  static async open(server: PanelServer, options: PanelOptions): Promise<Panel> {
    const { context, page } = await WebviewPanel.newPage(server, options);
    const panel = new Panel(context, page, planDiffRequests, options, {
      details: async () => [],
      raw: async ({ side }) => ({ text: `raw plan of the ${side}` }),
      openRaw: async () => null,
      record: async () => ({ file: 'move.playbook.md' }),
      copyMarkdown: async () => null,
      prove: async () => null,
      openRemedy: async () => null,
      openNested: async () => null,
      rerun: async () => null,
      cancel: async () => null,
    });
    await panel.load(server.url('plan-diff'), options.theme);
    return panel;
  }

  /** Says how experiments go on, as the host does. */
  proving(now: Proving | null): void {
    this.server.notify('proving', now);
  }
}

export type StatementsPanelOptions = PageOptions<typeof statementsRequests, StatementsState>;

/** The page of slow statements. */
export class StatementsPanel extends WebviewPanel<typeof statementsRequests, StatementsState> {
  static async open(server: PanelServer, options: StatementsPanelOptions): Promise<StatementsPanel> {
    const { context, page } = await WebviewPanel.newPage(server, options);
    const nothing = async () => null;
    const panel = new StatementsPanel(context, page, statementsRequests, options, {
      details: async () => {
        throw new Error('no details');
      },
      search: async () => ({ ids: [] }),
      record: async () => ({ file: 'move.playbook.md' }),
      explain: nothing,
      prove: nothing,
      open: nothing,
      copy: nothing,
      pin: nothing,
      confirm: nothing,
      split: nothing,
      choose: nothing,
      snapshot: nothing,
      refresh: nothing,
      cancel: nothing,
      export: nothing,
    });
    await panel.load(server.url('statements'), options.theme);
    return panel;
  }

  /** Asks the page to show a row, as the host does. */
  select(id: string): void {
    this.server.notify('select', { id });
  }
}

export type ComparisonPanelOptions = PageOptions<typeof comparisonRequests, ComparisonState>;

/** The report of a comparison. */
export class ComparisonPanel extends WebviewPanel<typeof comparisonRequests, ComparisonState> {
  static async open(server: PanelServer, options: ComparisonPanelOptions): Promise<ComparisonPanel> {
    const { context, page } = await WebviewPanel.newPage(server, options);
    const nothing = async () => null;
    const panel = new ComparisonPanel(context, page, comparisonRequests, options, {
      record: async () => ({ file: 'move.playbook.md' }),
      compare: nothing,
      cancel: nothing,
      again: nothing,
      openFix: nothing,
      copyFix: nothing,
      copy: nothing,
      ignore: nothing,
      unignore: nothing,
      since: nothing,
      forgetSince: nothing,
      export: nothing,
    });
    await panel.load(server.url('comparison'), options.theme);
    return panel;
  }

  /** Asks the page to show a check, as the host does. */
  select(id: string): void {
    this.server.notify('select', { id });
  }
}

interface ThemeFixture {
  bodyClass: string;
  data: Record<string, string>;
  variables: Record<string, string>;
}

/** The variables as VS Code set them, and those of the colours that the manifest contributes. */
async function readTheme(theme: Theme): Promise<ThemeFixture> {
  const read: ThemeFixture = JSON.parse(await readFile(new URL(`${theme}.json`, fixtures), 'utf8'));
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    contributes: { colors: { id: string; defaults: Record<string, string> }[] };
  };
  const kind = { 'dark-modern': 'dark', 'light-modern': 'light' }[theme as string];
  for (const { id, defaults } of manifest.contributes.colors) {
    const value = defaults[kind ?? (theme === 'dark-high-contrast' ? 'highContrast' : 'highContrastLight')]!;
    // A default may name another colour.
    const color = value.startsWith('#') ? value : `var(--vscode-${value.replaceAll('.', '-')})`;
    read.variables[`--vscode-${id.replaceAll('.', '-')}`] = color;
  }
  return read;
}

/** Runs on the page before its own script: what VS Code does to every webview. */
function beVscode({ theme, styles }: { theme: ThemeFixture; styles: string }): void {
  const page = globalThis as unknown as PageGlobals;
  page.violations = [];
  page.document.addEventListener('securitypolicyviolation', event => {
    page.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
  });
  const sheet = new page.CSSStyleSheet();
  sheet.replaceSync(styles);
  page.document.adoptedStyleSheets = [sheet];
  new page.MutationObserver((_records, observer) => {
    const { documentElement, body } = page.document;
    if (!documentElement || !body) return;
    observer.disconnect();
    for (const [name, value] of Object.entries(theme.variables)) documentElement.style.setProperty(name, value);
    body.className = theme.bodyClass;
    Object.assign(body.dataset, theme.data);
  }).observe(page.document, { childList: true, subtree: true });
  page.acquireVsCodeApi = () => ({
    postMessage: message => page.toHost(message),
    getState: () => JSON.parse(page.sessionStorage.getItem('state') ?? 'null') ?? undefined,
    setState: state => page.sessionStorage.setItem('state', JSON.stringify(state)),
  });
}

/** What {@link beVscode} touches; the tests are compiled without the browser's types. */
interface PageGlobals {
  violations: string[];
  postMessage(message: unknown, origin: string): void;
  toHost(message: unknown): void;
  acquireVsCodeApi(): { postMessage(message: unknown): void; getState(): unknown; setState(state: unknown): void };
  sessionStorage: { getItem(key: string): string | null; setItem(key: string, value: string): void };
  CSSStyleSheet: new () => { replaceSync(text: string): void };
  MutationObserver: new (
    callback: (records: unknown, observer: { disconnect(): void }) => void,
  ) => { observe(node: unknown, options: object): void };
  document: {
    adoptedStyleSheets: unknown[];
    addEventListener(
      type: string,
      listener: (event: { violatedDirective: string; blockedURI: string; sample: string }) => void,
    ): void;
    documentElement: { style: { setProperty(name: string, value: string): void } } | null;
    body: { className: string; dataset: Record<string, string> } | null;
  };
}
