import type { ParseArgsConfig } from 'node:util';
import type { Side } from '../shared/side';
import type { OptionValues } from './arguments';
import { type SideArguments, wholeNumber } from './shared-arguments';
import { UsageError } from './usage';

const formats = ['text', 'json', 'markdown'] as const;
export type Format = (typeof formats)[number];

export interface ExplainArguments {
  command: 'explain';
  source: SideArguments;
  target: SideArguments;
  migration?: string;
  statement: { sql: string } | { file: string; line?: number };
  /** In the order given: `VALUE`, `NAME=VALUE`. Which one it is only the statement can tell. */
  parameters: string[];
  nulls: string[];
  analyze: boolean;
  analyzeWrites: Side[];
  prove: boolean;
  /** Timed runs of each kind per experiment. */
  runs?: number;
  statementTimeoutMs?: number;
  format: Format;
  playbook?: string;
}

export const explainOptions = {
  sql: { type: 'string' },
  file: { type: 'string' },
  line: { type: 'string' },
  param: { type: 'string', multiple: true },
  null: { type: 'string', multiple: true },
  analyze: { type: 'boolean' },
  'analyze-writes': { type: 'string' },
  prove: { type: 'boolean' },
  runs: { type: 'string' },
  playbook: { type: 'string' },
} as const satisfies ParseArgsConfig['options'];

/** @throws UsageError for everything that cannot be meant. */
export function parseExplain(values: OptionValues, sideOf: (side: Side) => SideArguments): ExplainArguments {
  const analyzeWrites = sidesOf(values['analyze-writes']);
  if (analyzeWrites.length > 0 && !values.analyze) {
    throw new UsageError('--analyze-writes needs --analyze.', 'Plain EXPLAIN executes nothing on either side.');
  }
  if (values.prove && !values.analyze) {
    throw new UsageError('--prove needs --analyze.', 'Experiments are timed against what ANALYZE measures.');
  }
  if (values.runs !== undefined && !values.prove) throw new UsageError('--runs belongs to --prove.');
  const result: ExplainArguments = {
    command: 'explain',
    source: sideOf('source'),
    target: sideOf('target'),
    statement: statementOf(values.sql, values.file, values.line),
    parameters: values.param ?? [],
    nulls: values.null ?? [],
    analyze: values.analyze ?? false,
    analyzeWrites,
    prove: values.prove ?? false,
    format: formatOf(values.format),
  };
  if (values.runs !== undefined) result.runs = wholeNumber('runs', values.runs, 4);
  if (values.migration) result.migration = values.migration;
  if (values.playbook !== undefined) {
    if (values.playbook === '') throw new UsageError('--playbook needs the name of a file.');
    result.playbook = values.playbook;
  }
  if (values['statement-timeout'] !== undefined) {
    result.statementTimeoutMs = wholeNumber('statement-timeout', values['statement-timeout'], 0);
  }
  return result;
}

function statementOf(sql?: string, file?: string, line?: string): ExplainArguments['statement'] {
  if (sql !== undefined && file !== undefined) throw new UsageError('Give --sql or --file, not both.');
  if (sql !== undefined) {
    if (line !== undefined) throw new UsageError('--line belongs to --file.');
    if (sql.trim() === '') throw new UsageError('--sql is empty.');
    return { sql };
  }
  if (!file) throw new UsageError('No statement given.', 'Give --sql TEXT, or --file FILE.');
  return line === undefined ? { file } : { file, line: wholeNumber('line', line, 1) };
}

function sidesOf(text?: string): Side[] {
  if (text === undefined) return [];
  if (text === 'both') return ['source', 'target'];
  if (text === 'source' || text === 'target') return [text];
  throw new UsageError(`--analyze-writes takes source, target or both, not "${text}".`);
}

function formatOf(text = 'text'): Format {
  const format = formats.find(known => known === text);
  if (!format) throw new UsageError(`--format takes ${formats.join(', ')}, not "${text}".`);
  return format;
}
