/** Why one side is slower, right under the verdict: what explains most first, then what stays unexplained. */
import type { Cause, Diagnosis } from '../../src/shared/diagnosis';
import { formatShare } from '../../src/shared/format';
import type { Category, PlanDiffView } from '../../src/shared/plan-diff';
import { plural } from '../common/format';

/** More would push the figures out of sight; the tab has all. */
const shownCauses = 3;

/** Below this share nothing worth a line stays unexplained. */
const smallestRest = 0.01;

interface CausesProps {
  view: PlanDiffView;
  diagnosis: Diagnosis;
  /** Shows a cause in full. */
  open(index: number): void;
}

export function Causes({ view, diagnosis, open }: CausesProps) {
  const { causes, explainedShare, slower, sentence } = diagnosis;
  if (causes.length === 0) return slower === undefined ? null : <p class="causes-none dim">{sentence}</p>;
  const rest = explainedShare === undefined ? undefined : 1 - explainedShare;
  const more = causes.length - shownCauses;
  return (
    <section class="causes" aria-label="Causes">
      <ol>
        {causes.slice(0, shownCauses).map((cause, i) => (
          <li key={i}>
            <button type="button" onClick={() => open(i)} title={cause.meaning}>
              <span class="cause-number" aria-hidden>
                {i + 1}
              </span>
              <span class="cause-title">{cause.title}</span>
              <ShareBar share={shareOf(cause, view)} category={categoryOf(cause)} />
              <Confidence cause={cause} view={view} />
            </button>
          </li>
        ))}
      </ol>
      {(more > 0 || (rest !== undefined && rest >= smallestRest)) && (
        <div class="causes-rest dim">
          {more > 0 ? (
            <button type="button" class="link" onClick={() => open(shownCauses)}>
              {`${plural(more, 'more cause')}`}
            </button>
          ) : (
            <span>Unexplained</span>
          )}
          {rest !== undefined && rest >= smallestRest && (
            <>
              <ShareBar share={rest} category="other" />
              <span class="rest-figure">{`${more > 0 ? 'unexplained ' : ''}${formatShare(rest)}`}</span>
            </>
          )}
        </div>
      )}
    </section>
  );
}

/** `verified · 87 %`, never by colour alone. */
export function Confidence({ cause, view }: { cause: Cause; view: PlanDiffView }) {
  const share = shareOf(cause, view);
  const ofWhat =
    cause.explainedShare === undefined
      ? `of the ${cause.side}'s execution time`
      : 'of the difference between the sides';
  return (
    <span
      class={`pill ${cause.confidence}`}
      title={share === undefined ? cause.confidence : `${cause.confidence}, ${formatShare(share)} ${ofWhat}`}
    >
      {share === undefined ? cause.confidence : `${cause.confidence} · ${formatShare(share)}`}
    </span>
  );
}

/** Of the difference; where that is not known, of the side's own time. */
export function shareOf(cause: Cause, view: PlanDiffView): number | undefined {
  if (cause.explainedShare !== undefined) return cause.explainedShare;
  const whole = view[cause.side].executionMs;
  return cause.explainedMs === undefined || !whole ? undefined : Math.min(1, cause.explainedMs / whole);
}

function ShareBar({ share, category }: { share: number | undefined; category: Category }) {
  return (
    <span class="share-bar" aria-hidden>
      {share !== undefined && (
        <span class={`part ${category}`} style={{ width: `${100 * Math.max(0, Math.min(1, share))}%` }} />
      )}
    </span>
  );
}

const familyCategories: Record<string, Category> = {
  jit: 'jit',
  spill: 'sort',
  memory: 'sort',
  nestloop: 'join',
  index: 'scan',
  stats: 'scan',
  estimate: 'scan',
  cache: 'scan',
  io: 'scan',
  visibility: 'scan',
  rows: 'scan',
  trigger: 'write',
  pruning: 'coordinator',
  pushdown: 'coordinator',
  repartition: 'coordinator',
  subplan: 'coordinator',
  network: 'coordinator',
  connections: 'coordinator',
};

function categoryOf({ id }: Cause): Category {
  return familyCategories[id.split('.', 1)[0]!] ?? 'other';
}
