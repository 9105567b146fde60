import type { ParseArgsConfig } from 'node:util';
import { type BySide, type Side, sides } from '../shared/side';
import type { OptionValues } from './arguments';
import { type SideArguments, wholeNumber } from './shared-arguments';
import { UsageError } from './usage';

const formats = ['text', 'json', 'markdown', 'csv'] as const;

export interface StatementsArguments {
  command: 'statements';
  /** Absent where a snapshot stands in. */
  uris: Partial<BySide<SideArguments>>;
  labels: Partial<BySide<string>>;
  /** Files of readings: in place of a live one, at the beginning of the window, and to be written. */
  snapshots: Partial<BySide<string>>;
  since: Partial<BySide<string>>;
  save: Partial<BySide<string>>;
  migration: string;
  /** At most so many pairs, and statements on one side only. */
  top: number;
  only: 'read' | 'write' | undefined;
  format: (typeof formats)[number];
  statementTimeoutMs?: number;
}

export const statementsOptions = {
  top: { type: 'string' },
  writes: { type: 'boolean' },
  reads: { type: 'boolean' },
  'source-snapshot': { type: 'string' },
  'target-snapshot': { type: 'string' },
  'source-since': { type: 'string' },
  'target-since': { type: 'string' },
  'save-source': { type: 'string' },
  'save-target': { type: 'string' },
} as const satisfies ParseArgsConfig['options'];

/** As many as one looks at; programs get all. */
const defaultTop = { text: 20, markdown: 20, json: Number.POSITIVE_INFINITY, csv: Number.POSITIVE_INFINITY };

/** @throws UsageError for everything that cannot be meant. */
export function parseStatements(values: OptionValues, sideOf: (side: Side) => SideArguments): StatementsArguments {
  const format = formats.find(known => known === (values.format ?? 'text'));
  if (!format) throw new UsageError(`--format takes ${formats.join(', ')}, not "${values.format}".`);
  if (values.writes && values.reads) throw new UsageError('Give --writes or --reads, or neither for all.');
  const given: StatementsArguments = {
    command: 'statements',
    ...{ uris: {}, labels: {}, snapshots: {}, since: {}, save: {} },
    migration: values.migration ?? 'source to target',
    top: values.top === undefined ? defaultTop[format] : wholeNumber('top', values.top, 1),
    only: values.writes ? 'write' : values.reads ? 'read' : undefined,
    format,
  };
  for (const side of sides) {
    for (const name of [`${side}-snapshot`, `${side}-since`, `save-${side}`] as const) {
      if (values[name] === '') throw new UsageError(`--${name} needs the name of a file.`);
    }
    const snapshot = values[`${side}-snapshot`];
    const save = values[`save-${side}`];
    if (snapshot && values[side])
      throw new UsageError(`Give --${side} or --${side}-snapshot, not both.`, 'Name the one to compare.');
    if (snapshot && save) throw new UsageError(`--save-${side} writes a live reading: leave out --${side}-snapshot.`);
    if (snapshot) given.snapshots[side] = snapshot;
    else given.uris[side] = sideOf(side);
    const [since, label] = [values[`${side}-since`], values[`${side}-label`]];
    if (since) given.since[side] = since;
    if (label) given.labels[side] = label;
    if (save) given.save[side] = save;
  }
  if (given.save.source !== undefined && given.save.source === given.save.target)
    throw new UsageError('--save-source and --save-target name the same file.', 'Give each side one of its own.');
  const timeout = values['statement-timeout'];
  if (timeout !== undefined) given.statementTimeoutMs = wholeNumber('statement-timeout', timeout, 0);
  return given;
}
