/**
 * Slow statements at 5,000 entries a side, all texts new: from the click to the rows in the host, against two psql that only
 * fetch them; how long the extension host's event loop is blocked; what it costs in memory. The page's part of it is timed by
 * statements-scroll.
 */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import type * as vscode from 'vscode';
import { parseConnectionUri } from '../../src/cluster/connection-uri';
import { defaultLimits } from '../../src/cluster/limits';
import { SessionKeeper } from '../../src/cluster/session-keeper';
import { readBothSides } from '../../src/diagnosis/read-both-sides';
import { type Side, sides } from '../../src/shared/side';
import { StatementsThread } from '../../src/workbench/statements-thread';
import type { LabCluster } from '../lab/cluster';
import { startPlainPair } from '../lab/lab';
import { figure, medianPairMs } from './measure';

const execute = promisify(execFile);
const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** The server keeps 5,000; the lab and Cutover want some entries for themselves. */
const entries = 4_900;

await execute(process.execPath, ['scripts/build.mjs'], { cwd: root });
const pair = await startPlainPair();
const sessions = new SessionKeeper();
const log = { warn: console.warn, error: console.error } as unknown as vscode.LogOutputChannel;
const newThread = () => new StatementsThread(root, log);
let thread = newThread();
try {
  await Promise.all(sides.map(side => fill(pair[side])));
  const psql = await findPsql();
  const fetchAll = (side: Side) =>
    execute(psql, ['-X', '-q', '-A', '-t', '-d', pair[side].uri, '-c', 'SELECT * FROM pg_stat_statements'], {
      maxBuffer: 1 << 28,
    });
  const byPsql = () => Promise.all(sides.map(fetchAll));

  const loop = monitorEventLoopDelay({ resolution: 1 });
  const heapBefore = process.memoryUsage().rss;
  loop.enable();
  const cold = await timed(show);
  loop.disable();
  figure('5,000 + 5,000 entries, every text new: to the rows', cold.ms, 'ms');
  figure('longest block of the event loop, every text new', loop.max / 1e6, 'ms', { atMost: 50 });

  const [warm, reference] = await medianPairMs(show, byPsql, { warmups: 2, runs: 9 });
  figure('two psql that fetch the rows', reference, 'ms');
  figure('to the rows, texts known', warm, 'ms');
  figure('ratio', warm / reference, '×', { atMost: 1.5 });
  loop.reset();
  loop.enable();
  for (let i = 0; i < 5; i++) await show();
  loop.disable();
  figure('longest block of the event loop, texts known', loop.max / 1e6, 'ms', { atMost: 50 });
  figure('rows as the page gets them', cold.result.rows.length / 1e6, 'MB');
  figure('pairs', (JSON.parse(cold.result.rows) as { match?: string }[]).filter(row => row.match).length, '');
  globalThis.gc?.();
  figure(
    'memory of the process, thread and all, more than before',
    (process.memoryUsage().rss - heapBefore) / 2 ** 20,
    'MB',
  );
  await thread.dispose();
  thread = newThread();
  figure('starting the thread anew, parser and all, with every text new', (await timed(show)).ms, 'ms');
} finally {
  await thread.dispose();
  await sessions.dispose();
  await pair.stop();
}

async function show() {
  const on = (side: Side) => {
    const { settings } = parseConnectionUri(pair[side].uri);
    return { side, settings, label: side, color: 'charts.blue', protected: false };
  };
  const outcomes = await readBothSides({ source: on('source'), target: on('target'), limits: defaultLimits, sessions });
  const input = (side: Side) => {
    const { reading, error } = outcomes[side];
    if (!reading) throw new Error(`${side}: ${error?.message}`);
    return { label: side, color: 'charts.blue', read: { reading, origin: 'live' } };
  };
  const user = { pinned: [], split: [] };
  return thread.request('load', { migration: 'bench', source: input('source'), target: input('target'), user });
}

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const startedAt = performance.now();
  const result = await work();
  return { ms: performance.now() - startedAt, result };
}

/** Statements of some 400 characters, each of another shape: which columns it reads, and how it is grouped. */
async function fill({ uri }: LabCluster): Promise<void> {
  const client = new Client({ connectionString: uri });
  await client.connect();
  try {
    const columns = Array.from({ length: 40 }, (_, i) => `measurement_${i}`);
    await client.query(`CREATE TABLE readings (${columns.map(name => `${name} int`).join(', ')})`);
    for (let i = 0; i < entries; i++) {
      const chosen = columns.filter((_, n) => ((i * 2654435761) >>> (n % 32)) % 2 === (n + i) % 2).slice(0, 14);
      const [one, two] = [columns[i % 40], columns[Math.floor(i / 40) % 40]];
      await client.query(
        `SELECT ${chosen.join(', ')}, count(*) FROM readings WHERE ${one} = ${i} AND ${two} <= ${i} AND measurement_${Math.floor(i / 1600)} > 1 GROUP BY ${chosen.join(', ')} ORDER BY count(*) DESC LIMIT 10`,
      );
    }
  } finally {
    await client.end();
  }
}

/** The one beside the server, else the one in the PATH; embedded servers bring none. */
async function findPsql(): Promise<string> {
  const beside = join(pair.source.coordinator.binDir, 'psql');
  return access(beside).then(
    () => beside,
    () => 'psql',
  );
}
