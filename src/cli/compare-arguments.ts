import type { ParseArgsConfig } from 'node:util';
import { type Severity, severities } from '../shared/comparison';
import type { BySide } from '../shared/side';
import type { OptionValues } from './arguments';
import { pairOf, type SideArguments, wholeNumber } from './shared-arguments';
import { UsageError } from './usage';

const formats = ['text', 'json', 'markdown'] as const;

export interface CompareArguments {
  command: 'compare';
  /** Absent: the clusters of a migration in the settings. */
  uris: BySide<SideArguments> | undefined;
  /** Where the settings are; absent: near the working directory. */
  settings?: string;
  migration?: string;
  /** As they were typed, in lower case. Absent: all of the catalogue. */
  groups?: string[];
  failOn: Severity;
  /** File of an earlier comparison. */
  since?: string;
  /** File to keep this one in. */
  save?: string;
  format: (typeof formats)[number];
  /** Print the SQL that mends, too. */
  remedies: boolean;
  statementTimeoutMs?: number;
}

export const compareOptions = {
  settings: { type: 'string' },
  group: { type: 'string', multiple: true },
  'fail-on': { type: 'string' },
  since: { type: 'string' },
  save: { type: 'string' },
  remedies: { type: 'boolean' },
} as const satisfies ParseArgsConfig['options'];

/** @throws UsageError for everything that cannot be meant. */
export function parseCompare(values: OptionValues, env: NodeJS.ProcessEnv): CompareArguments {
  const given: CompareArguments = {
    command: 'compare',
    uris: pairOf(values, env),
    failOn: oneOf('fail-on', severities, values['fail-on'] ?? 'high'),
    format: oneOf('format', formats, values.format ?? 'text'),
    remedies: values.remedies === true,
  };
  if (given.remedies && given.format !== 'text')
    throw new UsageError(`--remedies goes with --format text; ${given.format} has them anyway.`, 'Leave it out.');
  for (const name of ['settings', 'migration', 'since', 'save'] as const) {
    const value = values[name]?.trim();
    if (value === '') throw new UsageError(`--${name} is empty.`);
    if (value !== undefined) given[name] = value;
  }
  if (values.group) given.groups = [...new Set(values.group.map(name => name.trim().toLowerCase()))];
  const timeout = values['statement-timeout'];
  if (timeout !== undefined) given.statementTimeoutMs = wholeNumber('statement-timeout', timeout, 0);
  return given;
}

function oneOf<Word extends string>(option: string, words: readonly Word[], given: string): Word {
  const found = words.find(word => word === given);
  if (found === undefined) throw new UsageError(`--${option} takes ${words.join(', ')}, not "${given}".`);
  return found;
}
