/** Comparisons for the tests of the report; each is checked against the schema the host speaks. */
import { type ComparedCheck, type Comparison, comparisonSchema } from '../../src/shared/comparison';
import { comparisonStateSchema, type ShownComparison } from '../../src/shared/comparison-panel';

export function check(id: string, about: Partial<ComparedCheck> = {}): ComparedCheck {
  return {
    id,
    group: id.split('.')[0]!,
    title: id,
    question: `Is ${id} the same on both sides?`,
    why: 'A difference costs.',
    reference: 'PostgreSQL documentation',
    verdict: 'pass',
    severity: 'medium',
    summary: 'both sides: alike',
    evidence: [],
    unknown: [],
    details: [],
    remedies: [],
    ...about,
  };
}

export const longSource = '"$user", public, analytics, extensions, reporting, billing, partman, topology';
export const longTarget = '"$user", public, analytics, extensions, reporting, archive, partman, topology';

/** Where the story is told: role settings and JIT that the new cluster did not get. */
export function storyChecks(): ComparedCheck[] {
  return [
    check('versions.server', { title: 'PostgreSQL versions', summary: 'both sides: 15.8' }),
    check('versions.minor', {
      title: 'Minor versions behind',
      verdict: 'fail',
      severity: 'low',
      summary: '15.4 on pg-azure.example:5432: two minor versions behind',
      evidence: [{ what: 'server_version', source: '15.8', target: '15.4' }],
    }),
    check('settings.roles', {
      title: 'Settings of roles and databases',
      question: 'Do ALTER ROLE … SET and ALTER DATABASE … SET say the same on every node of both sides, by name?',
      why: 'They are not in a dump of the database and reach workers in some versions only.',
      verdict: 'fail',
      severity: 'high',
      summary: 'jit of role app: source off, target not set (and 2 more)',
      evidence: [
        { what: 'jit of role app', source: 'off', target: 'not set' },
        { what: 'search_path of role app', node: 'worker-1.azure:5432', source: longSource, target: longTarget },
        { what: 'work_mem of role app', node: 'worker-2.azure:5432', target: '4MB' },
      ],
      details: ['remark: log_statement of role app: source ddl, target not set'],
      remedies: [
        {
          side: 'target',
          nodes: ['pg-azure.example:5432'],
          sql: 'ALTER ROLE app SET jit = off;',
          lock: 'none; it holds for new sessions',
          rollback: 'ALTER ROLE app RESET jit;',
          verify: 'SHOW jit; in a new session of the role on that node.',
        },
        {
          side: 'target',
          nodes: ['worker-1.azure:5432', 'worker-2.azure:5432'],
          sql: "SET citus.enable_metadata_sync = off;\nALTER ROLE app SET work_mem = '64MB';",
          lock: 'none; it holds for new sessions',
          rollback: "ALTER ROLE app SET work_mem = '4MB';",
          verify: 'SHOW work_mem; in a new session of the role on that node.',
        },
      ],
    }),
    check('settings.planner', {
      title: 'Planner settings',
      verdict: 'fail',
      severity: 'medium',
      summary: 'random_page_cost: source 1.1, target 4',
      evidence: [{ what: 'random_page_cost', source: '1.1', target: '4' }],
    }),
    check('settings.jit', {
      title: 'JIT compiles on one side only',
      verdict: 'fail',
      severity: 'high',
      summary: 'jit: source off, target on',
      evidence: [{ what: 'jit', source: 'off', target: 'on' }],
    }),
    check('locale.collation', {
      title: 'Collation versions',
      verdict: 'unknown',
      severity: 'critical',
      summary: 'could not be judged: pg_collation_actual_version is not there',
      unknown: [
        {
          what: 'pg_authid may not be read',
          node: 'worker-2.azure:5432',
          grant: 'GRANT pg_monitor TO cutover;',
        },
      ],
    }),
    check('citus.broken', { verdict: 'error', summary: 'syntax error at or near "FROM"', title: 'A check in error' }),
    ...Array.from({ length: 12 }, (_, i) => check(`objects.number_${i}`, { title: `Objects of kind ${i}` })),
  ];
}

export function comparisonOf(checks: ComparedCheck[], about: Partial<Comparison> = {}): Comparison {
  return comparisonSchema.parse({
    version: 1,
    id: 'm1',
    at: '2026-11-29T08:00:04Z',
    elapsedMs: 1234,
    migration: 'eu-analytics',
    source: { label: 'Citus Cloud on AWS', address: 'pg-aws.example:5432/analytics' },
    target: { label: 'Hyperscale on Azure', address: 'pg-azure.example:5432/analytics' },
    checks,
    ...about,
  });
}

export function shown(about: Partial<Omit<ShownComparison, 'status'>> = {}): ShownComparison {
  return comparisonStateSchema.parse({
    status: 'shown',
    comparison: comparisonOf(storyChecks()),
    source: { color: 'cutover.source' },
    target: { color: 'cutover.target' },
    ignored: [],
    ...about,
  }) as ShownComparison;
}
