import { randomUUID } from 'node:crypto';
import { ClusterError, toViewError } from '../cluster/errors';
import { parameterTypes } from '../cluster/explain';
import { SessionKeeper } from '../cluster/session-keeper';
import { readStatementFacts, type StatementFacts } from '../cluster/statement-facts';
import type { SideFacts } from '../plan/causes/facts';
import { type ComparedPlans, comparePlans } from '../plan/diagnose-plans';
import { type BySide, sides } from '../shared/side';
import { type Classification, withVolatility } from '../sql/classify';
import { statementTitle } from '../sql/title';
import { bySide, mapSides, settle } from './by-side';
import type { ExplainJob, ExplainPreparation, ExplainResult } from './explain-job';
import { explainSide, type OpenSide, openSide, type SideOutcome } from './explain-side';
import { executions, parameterNames, readStatement, readStatementOrCall, valuesOf } from './statement';

/**
 * Explains one statement on both sides at once. What must not run is refused by a {@link ClusterError} before it is sent;
 * a side that fails is in the view, with its error, and does not keep the other from being shown.
 */
export async function explainBothSides(wanted: ExplainJob): Promise<ExplainResult> {
  const statement = await readStatement(wanted.sql, wanted.parameters);
  const values = valuesOf(wanted, statement);
  executions(wanted, statement.classification);
  const leaving = new AbortController();
  const signals = wanted.signal ? [wanted.signal, leaving.signal] : [leaving.signal];
  const job = { ...wanted, signal: AbortSignal.any(signals) };
  const keeper = job.sessions ?? new SessionKeeper(0);
  const opened = bySide(side => openSide(job, side, keeper));
  const facts = bySide(async side => {
    const { session } = await opened[side];
    return readStatementFacts(session, statement.classification.functions, job.signal);
  });
  try {
    const classified = settle(facts).then(known => withFacts(statement.classification, known));
    // A plain EXPLAIN goes out together with the look-up; what executes waits for the catalog's word.
    const allowed =
      job.mode === 'plain' ? executions(job, statement.classification) : executions(job, await classified);
    const serialize = job.mode === 'analyze' && (await bothSerialize(opened));
    const runs = bySide(async side => {
      try {
        return await explainSide(
          { job, statement, values, side, execution: allowed[side], serialize },
          opened[side],
          facts[side],
        );
      } finally {
        job.onSideDone?.(side);
      }
    });
    const outcomes = { source: await runs.source, target: await runs.target };
    if (job.signal.aborted) throw cancelled();
    const classification = await classified;
    const compared = compare(job, classification, outcomes);
    job.onPlans?.(compared.view);
    const gathered = await settle(mapSides(side => outcomes[side].facts));
    if (job.signal.aborted) throw cancelled();
    return {
      ...diagnosed(compared, gathered),
      plans: mapSides(side => outcomes[side].plan),
      raw: mapSides(side => outcomes[side].raw),
      classification,
    };
  } finally {
    // Nothing goes on after a refusal.
    leaving.abort();
    await settle(bySide(async side => keeper.giveBack((await opened[side]).session)));
  }
}

/**
 * What a shell asks the user about before it runs a job: the class of the statement with the catalogs' word on its
 * functions, and the types of its parameters. Throws a ClusterError (`refused`) for what cannot be explained.
 */
export async function prepareExplain(job: ExplainJob): Promise<ExplainPreparation> {
  const { bound, classification } = await readStatementOrCall(job.sql, job.parameters);
  const keeper = job.sessions ?? new SessionKeeper(0);
  const answers = await settle(
    bySide(async side => {
      const { session } = await openSide(job, side, keeper);
      try {
        const facts = readStatementFacts(session, classification.functions, job.signal);
        const types = bound.order.length > 0 ? parameterTypes(session, bound.text, job.signal) : Promise.resolve([]);
        // The types are a help; why they cannot be had is the job's to say.
        return { facts: await facts, types: await types.catch(() => []) };
      } finally {
        await keeper.giveBack(session);
      }
    }),
  );
  const types = new Map<string, string>();
  for (const side of ['target', 'source'] as const)
    answers[side].value?.types.forEach((type, i) => {
      types.set(bound.order[i]!, type);
    });
  return {
    classification: withFacts(
      classification,
      mapSides(side => ({ value: answers[side].value?.facts })),
    ),
    parameters: parameterNames(job.sql).map(name => {
      const type = types.get(name);
      return type === undefined ? { name } : { name, type };
    }),
    problems: sides.flatMap(side => {
      const { error } = answers[side];
      return error ? [{ side, error: toViewError(error) }] : [];
    }),
  };
}

/** Execution Time holds the time to convert rows only where the server can measure it: both sides or neither. */
async function bothSerialize(opened: BySide<Promise<OpenSide>>): Promise<boolean> {
  const { source, target } = await settle(opened);
  return [source, target].every(({ value }) => (value?.session.server.num ?? 0) >= 170_000);
}

/** Both catalogs count: a function that is volatile on one side may write there. */
function withFacts(
  classification: Classification,
  facts: BySide<{ value?: StatementFacts | undefined }>,
): Classification {
  const known = sides.flatMap(side => facts[side].value ?? []);
  if (known.length === 0) return classification;
  return withVolatility(
    classification,
    known.flatMap(({ volatility }) => volatility),
  );
}

function cancelled(): ClusterError {
  return new ClusterError('cancelled', 'Explain was cancelled on both sides.', {
    next: 'Run it again when you need it.',
  });
}

function compare(job: ExplainJob, classification: Classification, outcomes: BySide<SideOutcome>): ComparedPlans {
  const parameters = parameterNames(job.sql).map(name => ({ name, value: job.parameters?.[name] ?? null }));
  return comparePlans({
    id: randomUUID(),
    at: new Date().toISOString(),
    migration: job.migration,
    analyzed: job.mode === 'analyze',
    statement: {
      sql: job.sql,
      title: statementTitle(job.sql),
      class: classification.class,
      parameters: job.parameters ? parameters : [],
    },
    source: outcomes.source.input,
    target: outcomes.target.input,
    notes: [...outcomes.source.notes, ...outcomes.target.notes],
  });
}

/** The view with why one side is slower; without a diagnosis when a side has no plan. */
function diagnosed(
  { view, diagnose }: ComparedPlans,
  facts: BySide<{ value?: SideFacts | undefined; error?: ClusterError }>,
): Pick<ExplainResult, 'view' | 'facts' | 'found'> {
  const known = mapSides(side => facts[side].value);
  const { diagnosis, found = [] } = diagnose(known) ?? {};
  if (!diagnosis) return { view, facts: known, found };
  const failures = sides.flatMap(side => {
    const { error } = facts[side];
    return error ? [`Not read on the ${side}: ${error.message}`] : [];
  });
  return {
    view: { ...view, diagnosis: { ...diagnosis, notes: [...diagnosis.notes, ...failures] } },
    facts: known,
    found,
  };
}
