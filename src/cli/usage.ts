import { checkUsage } from './check-usage';
import { compareUsage } from './compare-usage';
import { explainUsage } from './explain-usage';
import { statementsUsage } from './statements-usage';

const seeHelp = 'See cutover --help.';

/** The command line, or a file it names, cannot be used as given. Exit code 2. */
export class UsageError extends Error {
  constructor(
    message: string,
    /** What to do next, one sentence. */
    readonly next = seeHelp,
  ) {
    super(message);
    this.name = 'UsageError';
  }

  /** Nothing better is known than the help. */
  get isVague(): boolean {
    return this.next === seeHelp;
  }
}

const overview = `Usage: cutover COMMAND [options]

Compares two PostgreSQL or Citus clusters, source and target, with evidence of both.

Commands:
  explain                    one statement on both sides: what differs, why, and the proof of it
  statements                 pg_stat_statements of both sides, statement by statement
  compare                    the whole catalogue of checks on both sides: what differs, and what mends it
  check                      the checks of a playbook: which pass, which fail

  cutover COMMAND --help     its options
  --help, --version
`;

export const commands = ['explain', 'statements', 'compare', 'check'] as const;
export type Command = (typeof commands)[number];

const usages: Record<Command, string> = {
  explain: explainUsage,
  statements: statementsUsage,
  compare: compareUsage,
  check: checkUsage,
};

/** The help: of one command, or which commands there are. */
export function usageOf(command?: Command): string {
  return command === undefined ? overview : usages[command];
}
