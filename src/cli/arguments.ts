import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Side } from '../shared/side';
import { parseStatements, type StatementsArguments, statementsOptions } from './statements-arguments';
import { UsageError } from './usage';

const formats = ['text', 'json', 'markdown'] as const;
export type Format = (typeof formats)[number];

export interface ExplainArguments {
  command: 'explain';
  source: { uri: string; label?: string };
  target: { uri: string; label?: string };
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

export type Arguments = { command: 'help' } | { command: 'version' } | ExplainArguments | StatementsArguments;

/** What every command takes. */
const sharedOptions = {
  source: { type: 'string' },
  target: { type: 'string' },
  'source-label': { type: 'string' },
  'target-label': { type: 'string' },
  migration: { type: 'string' },
  'statement-timeout': { type: 'string' },
  format: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const satisfies ParseArgsConfig['options'];

const explainOptions = {
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

const options = { ...sharedOptions, ...explainOptions, ...statementsOptions };
export type OptionValues = ReturnType<typeof parse>['values'];

const ownOptions = { explain: explainOptions, statements: statementsOptions } as const;

const repeatable = new Set<string>(['param', 'null']);

/** @throws UsageError for everything that cannot be meant. */
export function parseArguments(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Arguments {
  if (argv.length === 0) throw new UsageError('No command given.', 'Run cutover --help.');
  const { values, positionals, tokens } = parse(argv);
  if (values.help) return { command: 'help' };
  if (values.version) return { command: 'version' };
  const [command, extra] = positionals;
  if (command === 'help') return { command: 'help' };
  if (command === undefined) throw new UsageError('No command given.', 'Write cutover explain and its options.');
  if (command !== 'explain' && command !== 'statements')
    throw new UsageError(`There is no command "${command}".`, 'There are cutover explain and cutover statements.');
  if (extra !== undefined) {
    throw new UsageError(
      `"${extra}" belongs to no option.`,
      command === 'explain' ? 'Give the statement by --sql or --file; quote it for the shell.' : 'See cutover --help.',
    );
  }
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    if (!Object.hasOwn(sharedOptions, token.name) && !Object.hasOwn(ownOptions[command], token.name))
      throw new UsageError(`--${token.name} does not belong to cutover ${command}.`, 'See cutover --help.');
    if (repeatable.has(token.name)) continue;
    if (seen.has(token.name)) throw new UsageError(`--${token.name} is given twice.`);
    seen.add(token.name);
  }
  const sideOf = (side: Side) => {
    const uri = values[side] ?? env[`CUTOVER_${side.toUpperCase()}_URI`];
    if (!uri) throw new UsageError(`--${side} is missing.`, `Give the ${side} cluster's URI.`);
    const label = values[`${side}-label`];
    return label ? { uri, label } : { uri };
  };
  if (command === 'statements') return parseStatements(values, sideOf, wholeNumber);
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

/** Values that often begin with a dash: a comment before SQL, a negative number. */
const dashedValues = new Set(['--sql', '--param']);

/** `--sql '-- why …'` as `--sql=-- why …`, which Node asks for, unless an option of ours follows. */
function joinDashedValues(argv: readonly string[]): string[] {
  const joined: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const [option, value] = [argv[at]!, argv[at + 1]];
    const isOption = value !== undefined && Object.hasOwn(options, /^--([^=]*)/.exec(value)?.[1] ?? '');
    if (dashedValues.has(option) && value?.startsWith('-') && !isOption) {
      joined.push(`${option}=${value}`);
      at++;
    } else {
      joined.push(option);
    }
  }
  return joined;
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: joinDashedValues(argv), options, allowPositionals: true, strict: true, tokens: true });
  } catch (error) {
    // Node's messages name the option and what is wrong with it.
    if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) {
      throw new UsageError(error.message);
    }
    throw error;
  }
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

function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > 2_147_483_647) {
    throw new UsageError(`--${option} takes a whole number from ${least} on, not "${text}".`);
  }
  return number;
}
