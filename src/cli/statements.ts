/** `cutover statements`: reads both sides, or the files that stand for them, matches, prints, keeps. */
import { defaultLimits } from '../cluster/limits';
import { redact } from '../cluster/redact';
import { mapSides } from '../diagnosis/by-side';
import type { SideConnection } from '../diagnosis/explain-job';
import { readBothSides, type SideOutcome } from '../diagnosis/read-both-sides';
import { visibleLine } from '../playbook/visible';
import { defaultColors } from '../shared/migration';
import { type BySide, type Side, sides } from '../shared/side';
import type { StatementRow } from '../shared/statements';
import { loadSqlParser } from '../sql/parser';
import { type SideInput, StatementsEngine } from '../statements/engine';
import { exportText } from '../statements/export';
import type { Reading } from '../statements/reading';
import type { Surroundings } from './explain';
import { readUri } from './read-uri';
import { snapshotFile } from './snapshot-file';
import type { StatementsArguments } from './statements-arguments';
import { statementsText } from './statements-text';
import { checkStorable, readStored, writeStored } from './stored-file';
import { styleFor } from './terminal';
import { UsageError } from './usage';

/** Returns the exit code: 0, or 1 when a side could not be read. @throws UsageError, ClusterError */
export async function runStatements(given: StatementsArguments, around: Surroundings): Promise<number> {
  // Files first: what is wrong with them is no reason to ask the clusters. A window may begin at the file written anew.
  for (const side of sides) {
    const file = given.save[side];
    if (file !== undefined) await checkStorable(snapshotFile, file, `save-${side}`);
  }
  const stored = { source: await storedOf('source', given), target: await storedOf('target', given) };
  const outcomes = await readSides(given, around);
  const engine = new StatementsEngine(await loadSqlParser());
  const view = engine.load(
    given.migration,
    mapSides(side => inputOf(side, given, stored[side], outcomes[side])),
  );
  const { ids, leftOut } = chosen(view.rows, given);
  for (const text of leftOut) view.summary.notes.push({ tone: 'info', text });
  around.stdout.write(
    given.format === 'text'
      ? statementsText(view, ids, styleFor(around.stdout, around.env))
      : exportText(engine, given.format, ids),
  );
  const say = (text: string) => around.stderr.write(`cutover: ${redact(visibleLine(text))}\n`);
  for (const side of sides) {
    const { error } = view.summary[side];
    if (!error) continue;
    say(`${side}: ${[error.message, error.next].filter(Boolean).join(' ')}`);
    if (error.reason === 'authentication')
      say(`CUTOVER_${side.toUpperCase()}_PASSWORD can hold the password of the ${side}.`);
  }
  for (const side of sides) {
    const file = given.save[side];
    const { reading } = outcomes[side];
    if (file === undefined) continue;
    if (reading) await writeStored(snapshotFile, file, reading, `save-${side}`);
    else say(`not saved in ${file}, as the ${side} could not be read.`);
  }
  return sides.some(side => view.summary[side].error) ? 1 : 0;
}

async function readSides(given: StatementsArguments, around: Surroundings): Promise<BySide<SideOutcome>> {
  const skip = sides.filter(side => given.snapshots[side] !== undefined);
  const connections = mapSides(side => connectionOf(side, given, around));
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

/** What files say of a side. */
interface Stored {
  snapshot: Reading | undefined;
  base: Reading | undefined;
}

async function storedOf(side: Side, given: StatementsArguments): Promise<Stored> {
  const [file, since] = [given.snapshots[side], given.since[side]];
  const snapshot = file === undefined ? undefined : await readStored(snapshotFile, file, `${side}-snapshot`);
  const base = since === undefined ? undefined : await readStored(snapshotFile, since, `${side}-since`);
  // Differences would all be nothing, and look as if nothing had run.
  if (snapshot && base && Date.parse(base.at) >= Date.parse(snapshot.at))
    throw new UsageError(
      `${since} was read at ${base.at}, not before ${file} (${snapshot.at}).`,
      `Give --${side}-since the earlier of the two.`,
    );
  return { snapshot, base };
}

function inputOf(side: Side, given: StatementsArguments, { snapshot, base }: Stored, outcome: SideOutcome): SideInput {
  const reading = snapshot ?? outcome.reading;
  return {
    label: given.labels[side] ?? side,
    color: defaultColors[side],
    read: reading && { reading, base, origin: given.snapshots[side] ?? 'live' },
    error: outcome.error,
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
  const others = rows.length - wanted.length;
  if (others > 0) leftOut.push(`${others} statements of other classes are left out (--${only}s).`);
  return { ids: groups.flatMap(([, found]) => found.slice(0, top).map(({ id }) => id)), leftOut };
}
