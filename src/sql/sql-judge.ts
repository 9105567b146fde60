/** What PostgreSQL's grammar and the safety rules say of a text; each text is judged once. */
import type { StatementClass } from '../shared/plan-diff';
import { classify } from './classify';
import { loadSqlParser, type SqlParser } from './parser';
import { gate } from './read-only-gate';

interface Verdict {
  problem: { kind: 'syntax' | 'refused'; message: string; offset: number } | undefined;
  class: StatementClass;
}

/** A long playbook has some hundred checks. */
const maxTexts = 2000;

export class SqlJudge {
  #parser: SqlParser | undefined;
  readonly #verdicts = new Map<string, Verdict>();

  private constructor() {}

  /** Rejects when the parser cannot be loaded. */
  static async load(): Promise<SqlJudge> {
    const judge = new SqlJudge();
    judge.#parser = await loadSqlParser();
    return judge;
  }

  problemOf(sql: string): Verdict['problem'] {
    return this.#verdictOf(sql).problem;
  }

  classOf(sql: string): StatementClass {
    return this.#verdictOf(sql).class;
  }

  #verdictOf(sql: string): Verdict {
    const known = this.#verdicts.get(sql);
    if (known) return known;
    const verdict = judgeText(this.#parser!, sql);
    if (this.#verdicts.size >= maxTexts) this.#verdicts.delete(this.#verdicts.keys().next().value!);
    this.#verdicts.set(sql, verdict);
    return verdict;
  }
}

function judgeText(parser: SqlParser, sql: string): Verdict {
  const found = classify(parser, sql);
  if (found.error)
    return {
      class: found.class,
      problem: { kind: 'syntax', message: found.error.message, offset: found.error.offset },
    };
  const outcome = gate(parser, sql);
  if (outcome.ok) return { class: found.class, problem: undefined };
  const message = [outcome.reason, outcome.next].filter(Boolean).join(' ');
  return { class: found.class, problem: { kind: 'refused', message, offset: outcome.offset } };
}
