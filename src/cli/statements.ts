/** `cutover statements`: reads both sides, or the files that stand for them, matches, prints. */
import { defaultLimits } from '../cluster/limits';
import type { SideConnection } from '../diagnosis/explain-job';
import { readBothSides, type SideOutcome } from '../diagnosis/read-both-sides';
import { defaultColors } from '../shared/migration';
import { type BySide, type Side, sides } from '../shared/side';
import type { StatementRow } from '../shared/statements';
import { loadSqlParser } from '../sql/parser';
import { type SideInput, StatementsEngine } from '../statements/engine';
import { exportText } from '../statements/export';
import type { Surroundings } from './explain';
import { readUri } from './read-uri';
import { readSnapshot, writeSnapshot } from './snapshot-file';
import type { StatementsArguments } from './statements-arguments';
import { statementsText } from './statements-text';
import { styleFor } from './terminal';

/** Returns the exit code: 0, or 1 when a side could not be read. @throws UsageError, ClusterError */
export async function runStatements(given: StatementsArguments, around: Surroundings): Promise<number> {
  const outcomes = await readSides(given, around);
  const inputs = { source: await inputOf('source', given, outcomes), target: await inputOf('target', given, outcomes) };
  // After what is read: a nightly run may begin its window at the file that it writes anew.
  for (const side of sides) {
    const { reading } = outcomes[side];
    const file = given.save[side];
    if (reading && file !== undefined) await writeSnapshot(file, reading, `save-${side}`);
  }
  const engine = new StatementsEngine(await loadSqlParser());
  const view = engine.load(given.migration, inputs);
  const { ids, leftOut } = chosen(view.rows, given);
  for (const text of leftOut) view.summary.notes.push({ tone: 'info', text });
  around.stdout.write(
    given.format === 'text'
      ? statementsText(view, ids, styleFor(around.stdout, around.env))
      : exportText(engine, given.format, ids),
  );
  for (const side of sides) {
    const { error } = view.summary[side];
    if (!error) continue;
    around.stderr.write(`cutover: ${side}: ${[error.message, error.next].filter(Boolean).join(' ')}\n`);
    if (error.reason === 'authentication')
      around.stderr.write(`cutover: CUTOVER_${side.toUpperCase()}_PASSWORD can hold the password of the ${side}.\n`);
  }
  return sides.some(side => view.summary[side].error) ? 1 : 0;
}

async function readSides(given: StatementsArguments, around: Surroundings): Promise<BySide<SideOutcome>> {
  const skip = sides.filter(side => given.snapshots[side] !== undefined);
  const connections = { source: connectionOf('source', given, around), target: connectionOf('target', given, around) };
  const limits = { ...defaultLimits };
  if (given.statementTimeoutMs !== undefined) limits.statementTimeoutMs = given.statementTimeoutMs;
  return readBothSides({ ...connections, limits, signal: around.signal, skip });
}

function connectionOf(side: Side, { uris, labels }: StatementsArguments, { env }: Surroundings): SideConnection {
  const given = uris[side];
  const { settings, password } = given ? readUri(side, given.uri) : { settings: {}, password: undefined };
  return {
    side,
    settings,
    password: password ?? env[`CUTOVER_${side.toUpperCase()}_PASSWORD`],
    label: labels[side] ?? side,
    color: defaultColors[side],
    protected: true,
  };
}

async function inputOf(side: Side, given: StatementsArguments, outcomes: BySide<SideOutcome>): Promise<SideInput> {
  const file = given.snapshots[side];
  const reading = file === undefined ? outcomes[side].reading : await readSnapshot(file, `${side}-snapshot`);
  const since = given.since[side];
  const base = since === undefined ? undefined : await readSnapshot(since, `${side}-since`);
  return {
    label: given.labels[side] ?? side,
    color: defaultColors[side],
    read: reading && { reading, base, origin: file ?? 'live' },
    error: outcomes[side].error,
  };
}

function chosen(rows: readonly StatementRow[], { only, top }: StatementsArguments) {
  const wanted = rows.filter(row => only === undefined || row.class === only);
  const groups: [name: string, rows: StatementRow[]][] = [
    ['pairs', wanted.filter(({ match }) => match !== undefined)],
    ['statements on the target only', wanted.filter(({ verdict }) => verdict === 'onlyTarget')],
    ['statements on the source only', wanted.filter(({ verdict }) => verdict === 'onlySource')],
  ];
  const leftOut = groups
    .filter(([, found]) => found.length > top)
    .map(([name, found]) => `${found.length - top} more ${name} are left out (--top ${top}).`);
  return { ids: groups.flatMap(([, found]) => found.slice(0, top).map(({ id }) => id)), leftOut };
}
