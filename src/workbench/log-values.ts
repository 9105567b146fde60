/** Take Sample Values from a Log: what statements were run with is proposed when one of them is explained. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import * as vscode from 'vscode';
import type { Migration } from '../shared/migration';
import { LogReader } from '../sql/log-statements';
import { explainableText } from '../sql/normalised-text';
import { SampleValues } from '../sql/sample-values';
import { CommandError, Dismissed, signalOf } from './messages';
import { rememberedStatements, rememberValues } from './parameter-values';
import type { StatementsModel } from './statements-model';
import { readStatement } from './statements-state';
import type { Workbench } from './workbench';

export async function takeValuesFromLog(
  workbench: Workbench,
  model: StatementsModel,
  migration: Migration,
): Promise<void> {
  const [uri] =
    (await vscode.window.showOpenDialog({
      title: 'Take Sample Values from a Log of PostgreSQL',
      openLabel: 'Read Values',
      filters: { Log: ['log', 'json', 'csv', 'txt'], 'All Files': ['*'] },
    })) ?? [];
  if (!uri) throw new Dismissed();
  const { rows } = await readStatement(model, migration);
  const options = { location: vscode.ProgressLocation.Notification, title: 'Reading the log', cancellable: true };
  const samples = await vscode.window.withProgress(options, (_progress, token) =>
    readSamples(uri.fsPath, signalOf(token)),
  );
  const found: { sql: string; values: Record<string, string | null> }[] = [];
  let asking = 0;
  // The heaviest first: no more are remembered than that.
  for (const row of rows) {
    if (found.length === rememberedStatements) break;
    const { source, target } = await model.details(row.id);
    const sql = explainableText((target ?? source)!.sql);
    if (!/\$\d/.test(sql)) continue;
    asking++;
    const values = samples.valuesFor((target ?? source)!.sql);
    if (values) found.push({ sql, values });
  }
  await rememberValues(workbench.context.workspaceState, found.toReversed());
  const text =
    found.length === 0
      ? `The log has values for none of the ${asking} statements with parameters. It must hold whole statements: log_statement, or log_min_duration_statement with log_parameter_max_length.`
      : `Values for ${found.length} of ${asking} statements with parameters: they are proposed when one is explained.`;
  void vscode.window.showInformationMessage(text);
}

async function readSamples(path: string, signal: AbortSignal): Promise<SampleValues> {
  const samples = new SampleValues();
  const reader = new LogReader(found => samples.add(found));
  const stream = createReadStream(path, { encoding: 'utf8', signal });
  try {
    if (path.toLowerCase().endsWith('.csv')) await readCsv(stream, reader);
    else {
      for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }))
        reader.line(line);
      reader.finish();
    }
  } catch (error) {
    if (signal.aborted) throw new Dismissed();
    throw new CommandError(`${path} could not be read as a log: ${error instanceof Error ? error.message : error}`);
  }
  return samples;
}

/** Columns of csvlog, counted from 0 (documentation, "Using CSV-Format Log Output"). */
const messageColumn = 13;
const detailColumn = 14;

async function readCsv(stream: NodeJS.ReadableStream, reader: LogReader): Promise<void> {
  const { parse } = await import('csv-parse');
  for await (const record of stream.pipe(parse({ relax_column_count: true }))) {
    const fields = record as string[];
    reader.entry(fields[messageColumn] ?? '', fields[detailColumn]);
  }
}
