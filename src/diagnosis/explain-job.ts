import type { SessionLimits } from '../cluster/limits';
import type { SessionKeeper } from '../cluster/session-keeper';
import type { SideFacts } from '../plan/causes/facts';
import type { FoundCause } from '../plan/causes/rule';
import type { Plan } from '../plan/model';
import type { ConnectionSettings } from '../shared/migration';
import type { PlanDiffView, ViewError } from '../shared/plan-diff';
import type { BySide, Side } from '../shared/side';
import type { Classification } from '../sql/classify';

/** One side of the pair, as the shell knows it. */
export interface SideConnection {
  side: Side;
  settings: ConnectionSettings;
  /** The password from the editor's secret storage; where there is none, libpq's other places are looked at. */
  password?: string | undefined;
  label: string;
  /** A VS Code theme colour id. */
  color: string;
  /** Nothing that may write is executed there. */
  protected: boolean;
}

export interface ExplainJob {
  migration: string;
  source: SideConnection;
  target: SideConnection;
  /** As the user wrote it. */
  sql: string;
  /** By name as written (`$1`, `:app`); absent for the generic plan. */
  parameters?: Record<string, string | null> | undefined;
  mode: 'plain' | 'analyze';
  /** Sides on which the user wants a statement that may write to be executed and rolled back; the other is explained plainly. */
  analyzeWrites: Side[];
  limits: SessionLimits;
  signal?: AbortSignal | undefined;
  onSideDone?: ((side: Side) => void) | undefined;
  /** Gets the view as soon as both plans are there; its diagnosis follows with the result. */
  onPlans?: ((view: PlanDiffView) => void) | undefined;
  /** Keeps sessions open between jobs; without it each job opens and closes its own. */
  sessions?: SessionKeeper | undefined;
}

export interface ExplainResult {
  view: PlanDiffView;
  plans: BySide<Plan | undefined>;
  /** What each server sent, byte for byte. */
  raw: BySide<string | undefined>;
  /** What else was read for the diagnosis. */
  facts: BySide<SideFacts | undefined>;
  /** What each of the view's causes was made of, in the same order. */
  found: readonly FoundCause[];
  classification: Classification;
}

/** What must be known, and perhaps asked, before a job runs. */
export interface ExplainPreparation {
  /** With the catalogs' word on its functions, of whichever side could be asked. */
  classification: Classification;
  /** In the order of their first appearance, with the type the server infers, the source's where the two differ. */
  parameters: { name: string; type?: string }[];
  /** Sides that could not be asked; the job itself will say it again. */
  problems: { side: Side; error: ViewError }[];
}
