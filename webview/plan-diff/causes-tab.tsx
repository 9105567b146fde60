/** Every cause with its evidence, its fix and how to take that back. Nothing here runs anything. */
import { useEffect, useRef } from 'preact/hooks';
import { visibleText } from '../../src/playbook/visible';
import { type Cause, type Evidence, type Remedy, stepPlaces } from '../../src/shared/diagnosis';
import { formatMs } from '../../src/shared/format';
import type { PlanDiffView } from '../../src/shared/plan-diff';
import { Button } from '../common/controls';
import { Confidence } from './causes';

interface CausesTabProps {
  view: PlanDiffView;
  /** Index of the cause to bring into view. */
  wanted: number | undefined;
  /** Undefined where there is no tree to show. */
  showInPlan: ((row: number) => void) | undefined;
  openRemedy(cause: number): void;
}

export function CausesTab({ view, wanted, showInPlan, openRemedy }: CausesTabProps) {
  const { diagnosis } = view;
  const pane = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (wanted !== undefined) pane.current?.querySelectorAll('.cause')[wanted]?.scrollIntoView({ block: 'start' });
  }, [wanted]);
  if (!diagnosis) return <div class="pane">Causes need a plan of both sides.</div>;
  return (
    <div class="pane causes-pane" ref={pane}>
      <p>{diagnosis.sentence}</p>
      {diagnosis.causes.map((cause, i) => (
        <article key={i} class="cause" aria-label={cause.title}>
          <h3>
            <span class="cause-number">{i + 1}</span> {cause.title}
          </h3>
          <p class="cause-about">
            <code>{cause.id}</code>
            <Confidence cause={cause} view={view} />
            {cause.explainedMs !== undefined && <span>{`${formatMs(cause.explainedMs)} on the ${cause.side}`}</span>}
            {showInPlan && cause.rows.length > 0 && (
              <Button appearance="secondary" class="inline-action" onClick={() => showInPlan(cause.rows[0]!)}>
                Show in Plan
              </Button>
            )}
          </p>
          <p class="dim">
            {cause.meaning} <span class="reference">{`Source: ${cause.reference}`}</span>
          </p>
          <EvidenceTable view={view} evidence={cause.evidence} />
          {cause.remedy && <RemedyText view={view} cause={cause} remedy={cause.remedy} open={() => openRemedy(i)} />}
        </article>
      ))}
      {diagnosis.notes.length > 0 && (
        <>
          <h3>What could not be looked at</h3>
          <ul>
            {diagnosis.notes.map((note, i) => (
              <li key={i}>{note}</li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function EvidenceTable({ view, evidence }: { view: PlanDiffView; evidence: Evidence[] }) {
  if (evidence.length === 0) return null;
  const onNodes = evidence.some(({ node }) => node !== undefined);
  return (
    <table class="table">
      <thead>
        <tr>
          <th scope="col">evidence</th>
          {onNodes && <th scope="col">node</th>}
          <th scope="col" class="source">{`source · ${view.source.label}`}</th>
          <th scope="col" class="target">{`target · ${view.target.label}`}</th>
        </tr>
      </thead>
      <tbody>
        {evidence.map(({ what, node, source, target }, i) => (
          <tr key={i}>
            <th scope="row">{what}</th>
            {onNodes && <td>{node}</td>}
            <td>{source ?? <span class="dim">—</span>}</td>
            <td>{target ?? <span class="dim">—</span>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function RemedyText({ view, cause, remedy, open }: { view: PlanDiffView; cause: Cause; remedy: Remedy; open(): void }) {
  const alone = view[remedy.side].citusVersion === undefined;
  return (
    <section class="remedy" aria-label={`Fix of ${cause.id}`}>
      <header>
        <h4>{`Fix, for the ${remedy.side}: ${remedy.summary}`}</h4>
        <Button appearance="secondary" class="inline-action" onClick={open}>
          Open as SQL
        </Button>
      </header>
      <ol>
        {remedy.steps.map((step, i) => (
          <li key={i}>
            {!alone && <div class="dim">{stepPlaces[step.on]}</div>}
            <pre class="code">{visibleText(step.sql)}</pre>
            <dl>
              <dt>locks</dt>
              <dd>{step.lock}</dd>
              <dt>rollback</dt>
              <dd>
                <code>{visibleText(step.rollback)}</code>
              </dd>
            </dl>
          </li>
        ))}
      </ol>
      <p>
        <b>Verify:</b> {remedy.verify}
      </p>
    </section>
  );
}
