/**
 * The language server in its own process: what a keystroke costs by the length of the playbook, against parsing the same text
 * as one piece with mdast; the first answer; memory and start-up, against an empty node process.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { longPlaybook } from '../unit/language-server/long-playbook';
import { bundleLanguageServer, ServerProcess } from '../unit/language-server/server-process';
import { figure, median, medianMs, medianPairMs } from './measure';

const keystrokes = 60;

const bundled = await bundleLanguageServer();
const folder = await mkdtemp(join(tmpdir(), 'cutover-bench-'));
try {
  const empty = join(folder, 'empty.js');
  await writeFile(empty, 'process.on("message", () => process.send("ready"));');
  await startUp(empty);
  for (const lines of [500, 1000, 5000, 20_000]) await typing(lines, empty);
} finally {
  await bundled.remove();
  await rm(folder, { recursive: true, force: true });
}

async function startUp(empty: string): Promise<void> {
  const servers: ServerProcess[] = [];
  const children: ChildProcess[] = [];
  const [ours, bare] = await medianPairMs(
    async () => servers.push(await ServerProcess.fork(bundled.module)),
    async () => children.push(await answering(empty)),
    { warmups: 1, runs: 7 },
  );
  figure('an empty node process, from fork to its first answer', bare, 'ms');
  figure('the server, from fork to initialized', ours, 'ms');
  figure('  against the empty process', ours / bare, '×');
  for (const child of children) child.kill();
  for (const server of servers) await server.stop();
}

async function answering(module: string): Promise<ChildProcess> {
  const child = fork(module, [], { execArgv: [] });
  child.send('hello');
  await once(child, 'message');
  return child;
}

async function typing(lines: number, empty: string): Promise<void> {
  const text = longPlaybook(lines);
  const document = TextDocument.create('file:///a', 'markdown', 1, text);
  console.log(`\n${document.lineCount} lines, ${(text.length / 1024).toFixed(0)} kB`);
  const server = await ServerProcess.start(bundled.module);
  try {
    const idle = await residentMb(server.child);
    const openedAt = performance.now();
    await server.open(text);
    await server.diagnostics();
    const first = performance.now() - openedAt;
    const opened = await residentMb(server.child);
    const plain = await medianMs(() => fromMarkdown(text), { warmups: 1, runs: lines > 5000 ? 1 : 5 });
    figure('mdast, the text in one piece', plain, 'ms');
    figure('first diagnostics, from opening', first, 'ms');
    figure('  against mdast', first / plain, '×');
    // A field of a step, and the SQL of a check, both in the middle.
    const [field, sql] = ['\n- verify: ', '\nSELECT '].map(words => {
      const at = text.indexOf(words, text.length / 2);
      if (at < 0) throw new Error(`There is no “${words.trim()}” in the second half of the playbook.`);
      return document.positionAt(at + words.length);
    });
    for (const [where, place] of [
      ['in a field', field!],
      ['in SQL', sql!],
    ] as const) {
      const times: number[] = [];
      const all: number[] = [];
      let cpu = 0;
      for (let i = -10; i < keystrokes; i++) {
        const cpuBefore = await cpuMs(server.child);
        const startedAt = performance.now();
        await server.change({ range: { start: place, end: place }, text: 'x' });
        await server.diagnostics();
        if (i >= 0) {
          times.push(performance.now() - startedAt);
          cpu += (await cpuMs(server.child)) - cpuBefore;
        }
        const again = performance.now();
        await server.change({ range: { start: place, end: { ...place, character: place.character + 1 } }, text: '' });
        await everything(server, place);
        if (i >= 0) all.push(performance.now() - again);
      }
      const aim = lines === 5000 ? { atMost: 16 } : undefined;
      figure(`a keystroke ${where}, to diagnostics: median`, median(times), 'ms', aim);
      figure(`a keystroke ${where}, to diagnostics: worst of ${keystrokes}`, Math.max(...times), 'ms');
      figure('  median against mdast', median(times) / plain, '×');
      // On a busy machine the wall clock counts others' work too.
      figure('  CPU time of the server, all threads: mean', cpu / keystrokes, 'ms');
      figure(`a keystroke ${where}, to all that an editor asks: median`, median(all), 'ms');
    }
    if (lines !== 5000) return;
    const bare = await answering(empty);
    figure('memory of an empty node process', await residentMb(bare), 'MB');
    bare.kill();
    figure('memory of the server: idle', idle, 'MB');
    figure('memory of the server: the playbook open', opened, 'MB');
    figure('memory of the server: after these keystrokes', await residentMb(server.child), 'MB');
  } finally {
    await server.stop();
  }
}

/** All at once, as an editor does after a change. */
async function everything(server: ServerProcess, start: { line: number; character: number }): Promise<void> {
  const range = { start, end: start };
  const window = {
    start: { line: Math.max(0, start.line - 30), character: 0 },
    end: { line: start.line + 30, character: 0 },
  };
  await Promise.all([
    server.diagnostics(),
    ...['codeLens', 'documentSymbol', 'foldingRange', 'documentLink'].map(method => server.request(method)),
    server.request('codeAction', { range, context: { diagnostics: [] } }),
    server.request('inlayHint', { range: window }),
  ]);
}

/** Used so far, from the kernel's ticks of 10 ms; of Linux. */
async function cpuMs({ pid }: ChildProcess): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Of Linux; elsewhere there is no figure. */
async function residentMb({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}
