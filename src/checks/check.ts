/**
 * What a check of the catalogue is: queries, which a server answers with one JSON value each, and a pure judgement of the
 * answers of every node of both sides.
 */
import type * as z from 'zod/mini';
import type { CheckProblem, Judgement } from '../shared/check';
import type { BySide, Side } from '../shared/side';
import { type NodeAnswer, parseAnswers } from './answers';

/** How much it hurts when the check fails, before anything is known of the case. */
export const checkSeverities = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type CheckSeverity = (typeof checkSeverities)[number];

export type NodeRole = 'coordinator' | 'worker';

/** What a query may be worded by. */
export interface ServerFacts {
  /** `server_version_num`, as 150018. */
  versionNum: number;
  /** The extension Citus is in this database. */
  citus: boolean;
  /** A plain server is a coordinator without workers. */
  role: NodeRole;
}

/** A read-only question to a node. */
export interface CheckQuery<Answer> {
  /** Unique among queries: checks that share one share its answer. */
  name: string;
  nodes: 'coordinator' | 'every';
  /** It reads settings of the session, so that it is sent before Cutover sets its own for all other queries. */
  asFound?: true;
  /**
   * One constant SELECT of one JSON value; undefined: this node is not asked. It is run with pg_catalog as search path, guards
   * itself by the privileges it needs, and holds no backslash, as standard_conforming_strings may be off there.
   */
  sql(server: ServerFacts): string | undefined;
  /** A server is not trusted to answer in this shape. */
  answer: z.ZodMiniType<Answer>;
}

export type CheckQueries = Record<string, CheckQuery<unknown>>;
type AnswerOf<Query> = Query extends CheckQuery<infer Answer> ? Answer : never;

/** What a node answered to a query: the server's text, or why there is none. Neither: it was not to be asked. */
export type RawAnswer = { text: string } | { problem: CheckProblem };

export interface NodeReading {
  /** `host:port`. */
  node: string;
  role: NodeRole;
  /** Absent when the node could not be asked. */
  server?: ServerFacts;
  /** By the query's name. */
  answers: ReadonlyMap<string, RawAnswer>;
  /** Why the node could not be asked at all. */
  problem?: CheckProblem;
}

/** What a server showed at the TLS handshake of a session. */
export interface ServerCertificate {
  /** ISO 8601, UTC. */
  validTo: string;
  /** Why who verifies the host name would refuse it. */
  mismatch?: string;
}

/** What the nodes of a side answered to the queries of any number of checks. */
export interface SideReading {
  /** The connected role. */
  user: string;
  /** Absent where the session is not encrypted, or there is none. */
  certificate?: ServerCertificate;
  nodes: readonly NodeReading[];
}

/** The same for one check, each query's answers read into what they mean. A side it does not ask has no nodes. */
export interface SideAnswers<Queries extends CheckQueries> extends Pick<SideReading, 'user' | 'certificate'> {
  nodes: readonly Pick<NodeReading, 'node' | 'role'>[];
  /** By the query's key: of those nodes that were to be asked. */
  answers: { [Key in keyof Queries]: NodeAnswer<AnswerOf<Queries[Key]>>[] };
}

/** What is not as it should be: between the sides, or on one of them. */
export interface CheckDifference {
  what: string;
  /** `host:port`; absent for the whole cluster. */
  node?: string;
  source?: string;
  target?: string;
}

/** What could not be told. */
export interface CheckUnknown {
  what: string;
  /** `host:port`. */
  node?: string;
  /** SQL that would let the connected role see it. */
  grant?: string;
}

export interface CheckRemedyStep {
  side: Side;
  /** `host:port` of each node to run it on. */
  nodes: readonly string[];
  /** For the user to run. Identifiers in it are quoted. */
  sql: string;
  /** What others wait for while it runs; `none` where nobody does. */
  lock: string;
  /** SQL that takes it back, or a sentence why nothing needs to be. */
  rollback: string;
  /** How to see that it helped. */
  verify: string;
}

export interface CheckJudgement extends Judgement {
  differences: CheckDifference[];
  unknown: CheckUnknown[];
  remedies: CheckRemedyStep[];
}

export interface CheckWords {
  /** `group.word`; stable, as playbooks and pipelines name it. */
  id: string;
  group: string;
  title: string;
  question: string;
  why: string;
  /** Where the rule comes from: a section of PostgreSQL's or Citus's documentation, or a measurement. */
  reference: string;
  severity: CheckSeverity;
  /** Sides that are asked. */
  sides: readonly Side[];
  /** It loads the nodes for a moment, so that it is asked only where it, or its group, is named. */
  onRequest?: true;
}

export interface Check extends CheckWords {
  queries: readonly CheckQuery<unknown>[];
  /** Never throws: what cannot be read is `unknown`. */
  judge(readings: BySide<SideReading>): CheckJudgement;
}

interface CheckDefinition<Queries extends CheckQueries> extends CheckWords {
  queries: Queries;
  judge(answers: BySide<SideAnswers<Queries>>): CheckJudgement;
}

export function defineCheck<Queries extends CheckQueries>(definition: CheckDefinition<Queries>): Check {
  const { queries, judge, ...words } = definition;
  const ofSide = (side: Side, { nodes, ...about }: SideReading): SideAnswers<Queries> => {
    const asked = words.sides.includes(side) ? nodes : [];
    const answers = Object.entries(queries).map(([key, query]) => [key, parseAnswers(query, asked)]);
    return { ...about, nodes: asked, answers: Object.fromEntries(answers) as SideAnswers<Queries>['answers'] };
  };
  return {
    ...words,
    queries: Object.values(queries),
    judge: ({ source, target }) => judge({ source: ofSide('source', source), target: ofSide('target', target) }),
  };
}
