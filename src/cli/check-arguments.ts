import type { ParseArgsConfig } from 'node:util';
import type { BySide } from '../shared/side';
import type { OptionValues } from './arguments';
import { pairOf, type SideArguments, wholeNumber } from './shared-arguments';
import { UsageError } from './usage';

const formats = ['text', 'json', 'junit'] as const;

export interface CheckArguments {
  command: 'check';
  file: string;
  lint: boolean;
  /** Absent: the clusters of a migration in the settings. */
  uris: BySide<SideArguments> | undefined;
  /** Where the settings are; absent: near the playbook. */
  settings?: string;
  /** Another one than the playbook's. */
  migration?: string;
  phase?: string;
  /** Empty: every check. */
  ids: string[];
  write: boolean;
  format: (typeof formats)[number];
  statementTimeoutMs?: number;
}

export const checkOptions = {
  settings: { type: 'string' },
  phase: { type: 'string' },
  id: { type: 'string', multiple: true },
  write: { type: 'boolean' },
  lint: { type: 'boolean' },
} as const satisfies ParseArgsConfig['options'];

/** What only a run can heed. */
const runOptions = [
  ...(['source', 'target', 'source-label', 'target-label', 'migration', 'statement-timeout'] as const),
  ...(['phase', 'id', 'write', 'format'] as const),
];

/** @throws UsageError for everything that cannot be meant. */
export function parseCheck(values: OptionValues, file: string | undefined, env: NodeJS.ProcessEnv): CheckArguments {
  if (!file) throw new UsageError('No playbook given.', 'Write cutover check FILE.playbook.md, and its options.');
  const format = formats.find(known => known === (values.format ?? 'text'));
  if (!format) throw new UsageError(`--format takes ${formats.join(', ')}, not "${values.format}".`);
  const given: CheckArguments = {
    command: 'check',
    file,
    lint: values.lint === true,
    uris: undefined,
    ids: [...new Set(values.id)],
    write: values.write === true,
    format,
  };
  for (const name of ['settings', 'migration', 'phase'] as const) {
    const value = values[name]?.trim();
    if (value === '') throw new UsageError(`--${name} is empty.`);
    if (value !== undefined) given[name] = value;
  }
  if (given.lint) {
    const other = runOptions.find(name => values[name] !== undefined);
    if (other)
      throw new UsageError(`--${other} does not go with --lint, which asks no cluster.`, 'Leave out one of them.');
    return given;
  }
  if (given.phase !== undefined && given.ids.length > 0)
    throw new UsageError('Give --phase or --id, not both.', 'Leave both out for every check.');
  given.uris = pairOf(values, env);
  const timeout = values['statement-timeout'];
  if (timeout !== undefined) given.statementTimeoutMs = wholeNumber('statement-timeout', timeout, 0);
  return given;
}
