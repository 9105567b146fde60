import type { Cause, Confidence, Diagnosis } from '../../shared/diagnosis';
import { formatMs } from '../../shared/format';
import { sides } from '../../shared/side';
import { enclosingTasks } from '../shards';
import { catalogue } from './catalogue';
import { isWithinNoise } from './context';
import { selfExcessMs } from './evidence';
import type { CauseContext, FoundCause, Rule } from './rule';

export interface Diagnosed {
  diagnosis: Diagnosis;
  /** What each of `diagnosis.causes` was made of, in the same order: its `settings` are what an experiment can set. */
  found: readonly FoundCause[];
}

/** Why one side is slower: every rule of the catalogue asked, what explains most first. Never throws. */
export function diagnose(context: CauseContext): Diagnosis {
  return diagnoseInDetail(context).diagnosis;
}

/** The same with what the causes were made of, for experiments. */
export function diagnoseInDetail(context: CauseContext, rules: readonly Rule[] = catalogue): Diagnosed {
  if (isWithinNoise(context)) {
    const sentence = 'Nothing differs beyond noise.';
    return { diagnosis: { sentence, causes: [], experiments: [], notes: [] }, found: [] };
  }
  const notes = unreadNotes(context);
  const judged = rank(fold(judge(context, rules, notes)));
  const explainedMs = sumExplained(context, judged);
  const { slower, differenceMs } = context;
  const diagnosis: Diagnosis = {
    slower,
    sentence: sentenceOf(context, judged, explainedMs),
    causes: judged.map(finding => causeOf(context, finding)),
    experiments: [],
    notes,
  };
  if (differenceMs !== undefined) {
    diagnosis.differenceMs = differenceMs;
    diagnosis.explainedShare = share(explainedMs, differenceMs);
  }
  return { diagnosis, found: judged.map(({ found }) => found) };
}

interface Finding {
  rule: Rule;
  found: FoundCause;
}

function judge(context: CauseContext, rules: readonly Rule[], notes: string[]): Finding[] {
  return rules.flatMap(rule => {
    try {
      return rule.find(context).map(found => ({ rule, found }));
    } catch (error) {
      // One rule's mistake must not cost the others' findings; it is said, so that it gets reported.
      notes.push(`The rule ${rule.id} failed and says nothing: ${error instanceof Error ? error.message : error}`);
      return [];
    }
  });
}

/** Leaves out what goes without saying: the same milliseconds, explained by a rule that says more. */
function fold(findings: readonly Finding[]): Finding[] {
  const covered = new Set(
    findings.flatMap(({ rule, found }) => rule.supersedes.map(general => `${general} ${found.account}`)),
  );
  return findings.filter(({ rule, found }) => !covered.has(`${rule.id} ${found.account}`));
}

const surest: readonly Confidence[] = ['verified', 'observed', 'derived', 'suspected', 'unknown'];

/** Sorts are stable: of equals the catalogue's order holds. */
function rank(findings: readonly Finding[]): Finding[] {
  const ms = ({ found }: Finding): number => found.explainedMs ?? -1;
  const doubt = ({ found }: Finding): number => surest.indexOf(found.confidence);
  return [...findings].sort((a, b) => ms(b) - ms(a) || doubt(a) - doubt(b));
}

/**
 * Each account counts once. Tasks hold what runs in them, and a finding that explains more than its row's own time holds the
 * rows below; of such only the larger counts, the whole or the sum of its parts.
 */
function sumExplained(context: CauseContext, findings: readonly Finding[]): number {
  const accounts = new Map<string, number>();
  for (const { found } of findings) {
    const ms = Math.max(0, found.explainedMs ?? 0);
    if (ms > (accounts.get(found.account) ?? 0)) accounts.set(found.account, ms);
  }
  const rows = [...accounts].flatMap(([account, ms]) => {
    const row = rowOf(account);
    return row === undefined || !context.rows[row] ? [] : [{ row, ms }];
  });
  let insideTasks = 0;
  let outside = 0;
  const isRemote = rowsInTasks(context);
  // From the innermost out, so that a row that holds others is compared with what they come to.
  rows.sort((a, b) => b.row - a.row);
  const heads: { row: number; ms: number }[] = [];
  for (const { row, ms } of rows) {
    const end = row + (context.rows[row]?.descendants ?? 0);
    const isWhole = ms > selfExcessMs(context, row) * 1.1;
    let below = 0;
    while (isWhole && heads.length > 0 && heads.at(-1)!.row <= end) below += heads.pop()!.ms;
    heads.push({ row, ms: isWhole ? Math.max(ms, below) : ms });
  }
  for (const { row, ms } of heads) {
    if (isRemote(row)) insideTasks += ms;
    else outside += ms;
  }
  for (const [account, ms] of accounts) {
    if (account === 'tasks' || rowOf(account) !== undefined) continue;
    if (account === 'jit' && accounts.has('tasks')) insideTasks += ms;
    else outside += ms;
  }
  const sum = outside + Math.max(accounts.get('tasks') ?? 0, insideTasks);
  return Math.min(sum, context.differenceMs ?? context.executionMs[context.slower] ?? sum);
}

function rowOf(account: string): number | undefined {
  const match = /^row (\d+)$/.exec(account);
  return match ? Number(match[1]) : undefined;
}

function rowsInTasks({ plans, slower, rows }: CauseContext): (row: number) => boolean {
  const tasks = enclosingTasks(plans[slower]);
  return row => (tasks[rows[row]?.[slower] ?? -1] ?? -1) >= 0;
}

function share(ms: number, of: number): number {
  return of > 0 ? Math.min(1, Math.max(0, ms / of)) : 0;
}

function causeOf({ slower, differenceMs }: CauseContext, { rule, found }: Finding): Cause {
  const { title, confidence, explainedMs, evidence, remedy, rows } = found;
  const cause: Cause = {
    id: rule.id,
    side: remedy?.side ?? slower,
    title,
    meaning: rule.meaning,
    confidence,
    evidence,
    reference: rule.reference,
    rows,
  };
  if (explainedMs !== undefined) {
    cause.explainedMs = explainedMs;
    if (differenceMs !== undefined) cause.explainedShare = share(explainedMs, differenceMs);
  }
  if (remedy) cause.remedy = remedy;
  return cause;
}

/** `63 % of the 1.2 s is explained by 2 causes; 37 % is not.` */
function sentenceOf(context: CauseContext, findings: readonly Finding[], explainedMs: number): string {
  const { slower, faster, executionMs, differenceMs } = context;
  const timed = findings.filter(({ found }) => (found.explainedMs ?? 0) > 0).length;
  if (differenceMs !== undefined) {
    const whole = duration(differenceMs);
    if (findings.length === 0) return `Nothing that was looked at explains the ${whole}.`;
    const seen = `${causes(findings.length)} found`;
    if (timed === 0) return `${seen}; how much of the ${whole} they account for cannot be told.`;
    const percent = Math.round(share(explainedMs, differenceMs) * 100);
    const explained = `${percent} % of the ${whole} is explained by ${causes(timed)}`;
    return percent >= 100 ? `${explained}.` : `${explained}; ${100 - percent} % is not.`;
  }
  const ran = executionMs[slower];
  const unrun = ran === undefined ? 'Neither side was executed' : `The ${faster} was not executed`;
  if (findings.length === 0) return `${unrun}; nothing in the plans says why the ${slower} would be slower.`;
  if (ran === undefined || timed === 0) return `${unrun}; ${causes(findings.length)} found.`;
  return `${unrun}; of the ${slower}'s ${duration(ran)}, ${duration(explainedMs)} is explained by ${causes(timed)}.`;
}

function causes(count: number): string {
  return count === 1 ? '1 cause' : `${count} causes`;
}

function duration(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : formatMs(ms);
}

function unreadNotes({ facts }: CauseContext): string[] {
  const notes = sides.flatMap(side => {
    const { unread = [], nodes = [] } = facts[side] ?? {};
    const failed = nodes.flatMap(({ node, error }) => (error === undefined ? [] : [`${node}: ${error}`]));
    return [...unread, ...failed].map(what => `Not read on the ${side}: ${what}`);
  });
  for (const side of sides) {
    if (!facts[side])
      notes.push(
        `The settings and statistics of the ${side} were not read; causes that show there only are not found.`,
      );
  }
  return [...new Set(notes)];
}
