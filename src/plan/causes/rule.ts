import type { Cause, Evidence, Remedy } from '../../shared/diagnosis';
import type { BySide, Side } from '../../shared/side';
import type { AlignedRow, Matches } from '../align';
import type { Plan } from '../model';
import type { SideFacts } from './facts';

/** Everything a rule may look at. Nothing in it is ours to trust: plans and catalogs are the servers' texts. */
export interface CauseContext {
  /** The slower side; where not both were timed, the one that was, else the target: the one under suspicion. */
  slower: Side;
  faster: Side;
  plans: BySide<Plan>;
  /** Whole execution as EXPLAIN says, planning not included; undefined when not executed. */
  executionMs: BySide<number | undefined>;
  planningMs: BySide<number | undefined>;
  /** Slower minus faster where both were timed. */
  differenceMs: number | undefined;
  matches: Matches;
  rows: readonly AlignedRow[];
  /** Major versions, as 15. */
  majors: BySide<number | undefined>;
  facts: BySide<SideFacts | undefined>;
}

/** What a rule found. The catalogue adds the id, the meaning and the reference. */
export interface FoundCause {
  title: string;
  confidence: Exclude<Cause['confidence'], 'verified'>;
  /** Of the slower side's wall time; undefined when it cannot be told. */
  explainedMs: number | undefined;
  /**
   * Which time that is: causes with the same account (`jit`, `planning`, `lock`, `node 17`) explain the same milliseconds,
   * which count once.
   */
  account: string;
  evidence: Evidence[];
  remedy?: Remedy;
  /** Indexes into {@link CauseContext.rows}. */
  rows: number[];
  /** Settings with the other side's value: an experiment with them would prove or refute it. Empty: no setting can. */
  settings: string[];
}

export interface Rule {
  /** `family.word`; stable, as playbooks and pipelines name it. */
  id: string;
  meaning: string;
  reference: string;
  /** Ids of more general rules whose findings with the same account go without saying when this one is found. */
  supersedes: readonly string[];
  /** At most one finding per place that differs; none when both sides have it alike. */
  find(context: CauseContext): FoundCause[];
}
