import { parseArgs } from 'node:util';
import type { Side } from '../shared/side';
import { type CheckArguments, checkOptions, parseCheck } from './check-arguments';
import { type CompareArguments, compareOptions, parseCompare } from './compare-arguments';
import { type ExplainArguments, explainOptions, parseExplain } from './explain-arguments';
import { type SideArguments, sharedOptions } from './shared-arguments';
import { parseStatements, type StatementsArguments, statementsOptions } from './statements-arguments';
import { type Command, commands, UsageError } from './usage';

export type Arguments =
  | { command: 'help'; of?: Command }
  | { command: 'version' }
  | ExplainArguments
  | StatementsArguments
  | CompareArguments
  | CheckArguments;

const options = { ...sharedOptions, ...explainOptions, ...statementsOptions, ...compareOptions, ...checkOptions };
export type OptionValues = ReturnType<typeof parse>['values'];

const ownOptions: Record<Command, object> = {
  explain: explainOptions,
  statements: statementsOptions,
  compare: compareOptions,
  check: checkOptions,
};

const repeatable = new Set<string>(['param', 'null', 'id', 'group']);

/** @throws UsageError for everything that cannot be meant. */
export function parseArguments(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Arguments {
  try {
    return parseCommand(argv, env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const command = argv.map(commandOf).find(Boolean);
    // The help of the command that was meant, where nothing better is known.
    throw command && error.isVague ? new UsageError(error.message, `See cutover ${command} --help.`) : error;
  }
}

function commandOf(word: string | undefined): Command | undefined {
  return commands.find(command => command === word);
}

/** `cutover explain, cutover statements and cutover check`. */
function commandList(joint: 'and' | 'or'): string {
  const names = commands.map(command => `cutover ${command}`);
  return `${names.slice(0, -1).join(', ')} ${joint} ${names.at(-1)}`;
}

function parseCommand(argv: readonly string[], env: NodeJS.ProcessEnv): Arguments {
  if (argv.length === 0) throw new UsageError('No command given.', 'Run cutover --help.');
  const { values, positionals, tokens } = parse(argv);
  const [word, ...words] = positionals;
  if (values.help || word === 'help') {
    const of = commandOf(word === 'help' ? words[0] : word);
    return of ? { command: 'help', of } : { command: 'help' };
  }
  if (values.version) return { command: 'version' };
  if (word === undefined) throw new UsageError('No command given.', `Write ${commandList('or')}, and its options.`);
  const command = commandOf(word);
  if (command === undefined) throw new UsageError(`There is no command "${word}".`, `There are ${commandList('and')}.`);
  const extra = words[command === 'check' ? 1 : 0];
  if (extra !== undefined) {
    throw command === 'explain'
      ? new UsageError(
          `"${extra}" belongs to no option.`,
          'Give the statement by --sql or --file; quote it for the shell.',
        )
      : new UsageError(`"${extra}" belongs to no option.`);
  }
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    if (!Object.hasOwn(sharedOptions, token.name) && !Object.hasOwn(ownOptions[command], token.name))
      throw new UsageError(`--${token.name} does not belong to cutover ${command}.`);
    if (repeatable.has(token.name)) continue;
    if (seen.has(token.name)) throw new UsageError(`--${token.name} is given twice.`);
    seen.add(token.name);
  }
  if (command === 'check') return parseCheck(values, words[0], env);
  if (command === 'compare') return parseCompare(values, env);
  const sideOf = (side: Side): SideArguments => {
    const uri = values[side] ?? env[`CUTOVER_${side.toUpperCase()}_URI`];
    if (!uri) throw new UsageError(`--${side} is missing.`, `Give the ${side} cluster's URI.`);
    const label = values[`${side}-label`];
    return label ? { uri, label } : { uri };
  };
  return command === 'statements' ? parseStatements(values, sideOf) : parseExplain(values, sideOf);
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
