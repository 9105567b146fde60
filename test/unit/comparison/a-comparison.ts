import * as fc from 'fast-check';
import { checkVerdicts } from '../../../src/shared/check';
import { type ComparedCheck, type Comparison, severities } from '../../../src/shared/comparison';

/** A check that passes, unless told otherwise. */
export function aCheck(is: Partial<ComparedCheck> = {}): ComparedCheck {
  const id = is.id ?? 'settings.roles';
  return {
    id,
    group: id.split('.')[0]!,
    title: `Title of ${id}`,
    question: `Question of ${id}?`,
    why: `It bites.`,
    reference: `PostgreSQL documentation`,
    verdict: 'pass',
    severity: 'high',
    summary: `summary of ${id}`,
    ...{ evidence: [], unknown: [], details: [], remedies: [] },
    ...is,
  };
}

/** A check that fails with this evidence. */
export function aFinding(is: Partial<ComparedCheck> = {}): ComparedCheck {
  return aCheck({
    verdict: 'fail',
    evidence: [{ what: 'jit of role app', source: 'off', target: 'not set' }],
    details: ['jit of role app: source off, target not set', 'remark: it is a role setting'],
    remedies: [
      {
        side: 'target',
        nodes: ['target.example:5432'],
        sql: 'ALTER ROLE "app" SET jit = off;',
        lock: 'none; it holds for new sessions',
        rollback: 'ALTER ROLE "app" RESET jit;',
        verify: 'SHOW jit; in a new session of the role.',
      },
    ],
    ...is,
  });
}

export function aComparison(checks: ComparedCheck[], is: Partial<Comparison> = {}): Comparison {
  return {
    ...{ version: 1, id: 'a', at: '2026-11-29T10:00:00Z', elapsedMs: 1200, migration: 'eu' },
    source: { label: 'old', address: 'source.example:5432/app' },
    target: { label: 'new', address: 'target.example:5432/app' },
    checks,
    ...is,
  };
}

const word = fc.constantFrom('jit', 'work_mem', 'roles', '', 'a b');
const node = fc.option(fc.constantFrom('w1:5432', 'w2:5432'), { nil: undefined });
const value = fc.option(fc.constantFrom('on', 'off'), { nil: undefined });

function without<Of extends object>(of: Of): Of {
  return Object.fromEntries(Object.entries(of).filter(([, each]) => each !== undefined)) as Of;
}

const evidence = fc
  .record({ what: word, node, source: value, target: value })
  .map(each => without(each) as ComparedCheck['evidence'][number]);
const gap = fc
  .record({ what: word, node, grant: value })
  .map(each => without(each) as ComparedCheck['unknown'][number]);

/** Of few ids and few words, so that they often meet. */
const anyCheck: fc.Arbitrary<ComparedCheck> = fc
  .record({
    id: fc.constantFrom('a.one', 'a.two', 'b.one', 'c.one'),
    verdict: fc.constantFrom(...checkVerdicts),
    severity: fc.constantFrom(...severities),
    evidence: fc.array(evidence, { maxLength: 4 }),
    unknown: fc.array(gap, { maxLength: 1 }),
  })
  .map(aCheck);

export const anyComparison: fc.Arbitrary<Comparison> = fc
  .uniqueArray(anyCheck, { selector: ({ id }) => id })
  .map(checks => aComparison(checks));
