/** One fault on the target of a pair that is otherwise the same on both sides: what a diagnosis must find, and nothing else. */
import type { LabCluster } from '../../cluster';

export interface FaultScenario {
  /** In lower case with underscores: the role that explains and the schema it owns are named after it. */
  name: string;
  cluster: LabKind;
  /** What was done to the target, in one sentence; what both sides have in common where there is no fault. */
  fault: string;
  /** The cause that must come out on top, written from the fault; undefined: there must be no cause at all. */
  expected: string | undefined;
  /** Other causes that are true of this fault, too. Everything else that is named is a false alarm. */
  alsoTrue?: readonly string[];
  /** The fault takes JIT; what it takes the planner up to this major version for. */
  needs?: { jit?: boolean; atMostMajor?: number };
  /** Of both sides' role, as `work_mem = '64MB'`. */
  settings?: readonly string[];
  /** Makes and fills the tables on both sides, as the role. They are vacuumed and analysed afterwards. */
  tables: readonly string[];
  /** Returns what takes back what would outlive the role and its schema. */
  inject?(target: FaultTarget): Promise<Undo | undefined>;
  /** As `inject`, but after the run that fills the caches: what passes, or goes on while the statement is executed. */
  meanwhile?(target: FaultTarget): Promise<Undo | undefined>;
  /** The statement to explain. Tables are found in the role's own schema. */
  statement: string;
  /** It may write: executed on both sides and rolled back. */
  writes?: boolean;
}

export type LabKind = 'plain' | 'citus';

export type Undo = () => Promise<void>;

export interface FaultTarget {
  cluster: LabCluster;
  /** The role that explains; its schema has the same name. */
  role: string;
  /** Runs statements on the coordinator as the role, each in a transaction of its own. */
  run(...statements: string[]): Promise<void>;
}
