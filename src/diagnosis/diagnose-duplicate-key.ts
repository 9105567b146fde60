/** Why a key is said to be duplicate: what is read of every node, and on request proved, for the rivals to be judged by. */
import { answered, parseAnswers, unanswered } from '../checks/answers';
import { findCheck } from '../checks/catalogue';
import type { NodeReading, SideReading } from '../checks/check';
import { stepScript } from '../checks/conclude';
import { parseDuplicateKeyError } from '../checks/duplicate-key/error-text';
import { rankHypotheses } from '../checks/duplicate-key/hypotheses';
import { orderedIndexes } from '../checks/duplicate-key/indexes-sql';
import { advanceRange, rangesBehind, workerRanges } from '../checks/duplicate-key/ranges-sql';
import { repairScript } from '../checks/duplicate-key/script';
import { findIndexes } from '../checks/duplicate-key/suspects';
import { type Locale, localeQuery, recordVersions } from '../checks/locale/locale';
import { coordinatorOf } from '../checks/nodes';
import { connect } from '../cluster/connect';
import { ClusterError } from '../cluster/errors';
import { readCheckAnswers } from '../cluster/read-checks';
import type { Session } from '../cluster/session';
import { SessionKeeper } from '../cluster/session-keeper';
import type { DuplicateKeyDiagnosis, Hypothesis } from '../shared/duplicate-key';
import type { Side } from '../shared/side';
import { proveIndexes } from './prove-indexes';
import type { CheckJob } from './run-catalogue-checks';

export interface DuplicateKeyQuestion {
  /** The side that reported the error. */
  side: Side;
  /** As the application or the server wrote it; it narrows the indexes to the one that it names. */
  errorText?: string | undefined;
  /**
   * The user asked for proof: amcheck reads each index listed and its table, and a table under a broken or named unique index
   * is read for duplicates, one at a time on each node.
   */
  amcheck?: boolean;
  /** For one index. Milliseconds; default: 60,000. */
  indexTimeoutMs?: number;
  /** For all of them. Milliseconds; default: 600,000. */
  budgetMs?: number;
  /** How many of the indexes are proved. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Reads with a constant number of queries, whatever the number of nodes and shards; the other side only for whether one is
 * a copy of the other. Nothing is written. Rejects with a ClusterError when the side cannot be reached, or is cancelled.
 */
export async function diagnoseDuplicateKey(
  job: CheckJob,
  { side, errorText, amcheck = false, indexTimeoutMs = 60_000, budgetMs = 600_000, onProgress }: DuplicateKeyQuestion,
): Promise<DuplicateKeyDiagnosis> {
  const error = errorText === undefined ? undefined : parseDuplicateKeyError(errorText);
  const indexQuery = orderedIndexes(error?.index);
  const behind = findCheck('sequences.behind')!;
  const other = otherLocale(job, side === 'source' ? 'target' : 'source');
  other.catch(() => {});
  return withSession(job, side, async session => {
    const queries = [localeQuery, indexQuery, workerRanges, ...behind.queries];
    const reading = await readCheckAnswers(session, [{ queries }], { signal: job.signal });
    const locales = parseAnswers(localeQuery, reading.nodes);
    const indexes = parseAnswers(indexQuery, reading.nodes);
    const ranges = parseAnswers(workerRanges, reading.nodes);
    const found = findIndexes(reading.nodes, answered(indexes));
    const unknown: DuplicateKeyDiagnosis['unknown'] = unanswered(locales, indexes, ranges);
    if (errorText !== undefined && error === undefined)
      unknown.push({ what: 'The text of the error names no index between quotation marks.' });
    else if (error && !found.some(({ suspect }) => suspect.why === 'named'))
      unknown.push({ what: `No node has an index ${error.index} in this database that this role can see.` });
    if (amcheck) {
      const limits = { indexTimeoutMs, budgetMs, signal: job.signal };
      unknown.push(...(await proveIndexes(session, reading.nodes, found, limits, onProgress)));
    }
    const whole = answered(indexes);
    const isWhole = whole.length === reading.nodes.length && whole.every(({ answer }) => answer.more === 0);
    const rangeNodes = answered(ranges);
    const silent: SideReading = { user: reading.user, nodes: [] };
    const ofOther = await other.catch((failure: unknown) => {
      if (!(failure instanceof ClusterError) || failure.reason === 'cancelled') throw failure;
      unknown.push({ what: `Whether the other side is a copy of the same files: ${failure.message}` });
      return undefined;
    });
    // The check looks at its target, which here is the side in question.
    const sequences = behind.judge({ source: silent, target: reading });
    const behindInRange = rangesBehind(rangeNodes);
    const hypotheses = rankHypotheses({
      error,
      found,
      locales: answered(locales),
      otherLocale: ofOther,
      sequences,
      ranges:
        session.server.citus === undefined
          ? undefined
          : {
              behind: behindInRange,
              unread: rangeNodes.reduce((sum, { answer }) => sum + answer.unread, 0),
            },
      partitioned: whole.flatMap(({ node, answer }) => answer.partitioned.map(table => `${node}: ${table}`)),
      isWhole,
    });
    const isLikely = (which: Hypothesis['cause']) =>
      hypotheses.some(({ cause, standing }) => cause === which && standing === 'likely');
    const advances = [
      ...(isLikely('sequence') ? sequences.remedies.map(step => ({ ...step, side })) : []),
      ...behindInRange.map(each => advanceRange(side, each)),
    ];
    return {
      side,
      address: session.address,
      at: `${new Date().toISOString().slice(0, 19)}Z`,
      ...(error && { error }),
      hypotheses,
      indexes: found.map(({ suspect }) => suspect),
      moreIndexes: whole.reduce((sum, { answer }) => sum + answer.more, 0),
      unknown,
      scripts: reading.nodes.flatMap(({ node }) => {
        const locale = answered(locales).find(each => each.node === node);
        const own = found.filter(({ suspect }) => suspect.node === node);
        const more = whole.find(each => each.node === node)?.answer.more;
        const indexes =
          more === undefined ? undefined : repairScript(node, own, locale ? recordVersions(locale.answer) : [], more);
        const parts = [
          ...(indexes ? [indexes] : []),
          ...advances.filter(({ nodes }) => nodes.includes(node)).map(stepScript),
        ];
        return parts.length > 0 ? [{ node, sql: parts.join('\n\n') }] : [];
      }),
    };
  });
}

async function otherLocale(job: CheckJob, side: Side): Promise<Locale | undefined> {
  const nodes = await withSession(job, side, async (session): Promise<readonly NodeReading[]> => {
    const onHere = { ...localeQuery, nodes: 'coordinator' as const };
    return (await readCheckAnswers(session, [{ queries: [onHere] }], { signal: job.signal })).nodes;
  });
  return coordinatorOf(answered(parseAnswers(localeQuery, nodes)))?.answer;
}

async function withSession<T>(job: CheckJob, side: Side, use: (session: Session) => Promise<T>): Promise<T> {
  const { settings, password } = job[side];
  const { limits, signal, onSideDone } = job;
  const keeper = job.sessions ?? new SessionKeeper(0);
  const session = await connect(settings, { stored: password, limits, signal }, (...login) => keeper.lend(...login));
  try {
    return await use(session);
  } finally {
    onSideDone?.(side);
    await keeper.giveBack(session);
  }
}
