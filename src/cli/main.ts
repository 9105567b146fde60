import { version } from '../../package.json';
import { ClusterError } from '../cluster/errors';
import { redact } from '../cluster/redact';
import { PlaybookError } from '../playbook/playbook-error';
import { visibleText } from '../playbook/visible';
import { parseArguments } from './arguments';
import type { Surroundings } from './explain';
import { PlaybookFileError } from './playbook-file';
import { styleFor } from './terminal';
import { errorDetails } from './text';
import { UsageError, usageOf } from './usage';

/** Exit codes, as the help promises them. */
const exitCodes = { refused: 2, defect: 70, cancelled: 130 } as const;

/** Runs one command line. Returns the exit code; never throws. */
export async function main(argv: readonly string[], around: Surroundings): Promise<number> {
  let sql: string | undefined;
  try {
    const given = parseArguments(argv, around.env);
    if (given.command === 'explain') {
      const { readSql, runExplain } = await import('./explain');
      sql = await readSql(given.statement, around.stdin);
      return await runExplain(given, sql, around);
    }
    if (given.command === 'statements') {
      const { runStatements } = await import('./statements');
      return await runStatements(given, around);
    }
    if (given.command === 'compare') {
      const { runCompare } = await import('./compare');
      return await runCompare(given, around);
    }
    if (given.command === 'check') {
      const { runCheck } = await import('./check');
      return await runCheck(given, around);
    }
    around.stdout.write(given.command === 'help' ? usageOf(given.of) : `cutover ${version}\n`);
    return 0;
  } catch (error) {
    const { lines, code } = describe(error, sql, styleFor(around.stderr, around.env).width);
    around.stderr.write(`${lines.map(line => redact(visibleText(line))).join('\n')}\n`);
    return code;
  }
}

function describe(error: unknown, sql: string | undefined, width: number): { lines: string[]; code: number } {
  const { refused, defect, cancelled } = exitCodes;
  if (error instanceof UsageError) return { lines: [`cutover: ${error.message}`, `  ${error.next}`], code: refused };
  if (error instanceof ClusterError) {
    const { position, detail, hint, next } = error;
    const details = errorDetails(
      { next, ...(position !== undefined && { position }), ...(detail && { detail }), ...(hint && { hint }) },
      sql,
      width,
    );
    return {
      lines: [`cutover: ${error.message}`, ...details],
      code: error.reason === 'cancelled' ? cancelled : refused,
    };
  }
  if (error instanceof PlaybookError)
    return { lines: [`cutover: the playbook, line ${error.line}: ${error.message}`], code: refused };
  if (error instanceof PlaybookFileError) return { lines: [`cutover: ${error.message}`], code: refused };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { lines: ['cutover: a defect in Cutover, please report it:', text], code: defect };
}
