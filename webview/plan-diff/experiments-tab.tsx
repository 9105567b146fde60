/** What was changed, one thing at a time, and what came of it: a table to read, a plot to believe. */
import { type Experiment, type Interval, outcomeWords, type Proving } from '../../src/shared/diagnosis';
import { formatMs, formatMsFigure, formatRatio, formatShare } from '../../src/shared/format';
import type { PlanDiffView } from '../../src/shared/plan-diff';
import { Button } from '../common/controls';

interface ExperimentsTabProps {
  view: PlanDiffView;
  proving: Proving | undefined;
  /** Undefined when nothing can be run. */
  prove: (() => void) | undefined;
}

export function ExperimentsTab({ view, proving, prove }: ExperimentsTabProps) {
  const experiments = view.diagnosis?.experiments ?? [];
  if (experiments.length === 0) {
    return (
      <div class="pane">
        <p>
          An experiment runs the statement again on the slower side with exactly one setting as it is on the other side,
          in a transaction that is rolled back, alternating with the unchanged statement. A cause is verified only when
          the effect repeats and explains at least half of the difference.
        </p>
        {prove && !proving && (
          <Button appearance="secondary" onClick={prove}>
            Prove
          </Button>
        )}
      </div>
    );
  }
  const scaleMs = Math.max(...experiments.flatMap(each => [...each.unchangedMs, ...each.changedMs]), 0);
  return (
    <div class="pane">
      <table class="table experiments">
        <thead>
          <tr>
            <th scope="col">changed</th>
            <th scope="col">outcome</th>
            <th scope="col" class="numeric">
              unchanged, ms
            </th>
            <th scope="col" class="numeric">
              changed, ms
            </th>
            <th scope="col" class="numeric">
              ratio
            </th>
            <th scope="col" class="numeric">
              explains
            </th>
            <th scope="col">plan</th>
            {experiments.some(each => each.workersHeard !== undefined) && <th scope="col">workers</th>}
          </tr>
        </thead>
        <tbody>
          {experiments.map((each, i) => (
            <Row
              key={i}
              experiment={each}
              workers={experiments.some(({ workersHeard }) => workersHeard !== undefined)}
            />
          ))}
        </tbody>
      </table>
      {scaleMs > 0 && (
        <figure class="dot-plot">
          <figcaption class="dim">
            {`Execution time of every run, 0 to ${formatMs(scaleMs)}: ○ unchanged, ● changed; the line is the median with its 95 % interval.`}
          </figcaption>
          {experiments
            .filter(each => each.unchangedMs.length > 0 || each.changedMs.length > 0)
            .map((each, i) => (
              <div key={i} class="dot-row">
                <code>{changes(each)}</code>
                <div>
                  <Dots kind="unchanged" runs={each.unchangedMs} interval={each.unchanged} scaleMs={scaleMs} />
                  <Dots kind="changed" runs={each.changedMs} interval={each.changedTo} scaleMs={scaleMs} />
                </div>
              </div>
            ))}
        </figure>
      )}
    </div>
  );
}

function Row({ experiment, workers }: { experiment: Experiment; workers: boolean }) {
  const { changed, outcome, unchanged, changedTo, ratio, explainedShare, planChanged, workersHeard, note } = experiment;
  return (
    <tr class={outcome}>
      <th scope="row">
        <code title={changed.map(({ name, from }) => `${name} was ${from}`).join('\n')}>{changes(experiment)}</code>
        {note !== undefined && <div class="dim">{note}</div>}
      </th>
      <td>
        <span class={`pill ${outcome === 'explains' ? 'verified' : ''}`}>{outcomeWords[outcome]}</span>
      </td>
      <td class="numeric">{unchanged && intervalText(unchanged, formatMsFigure)}</td>
      <td class="numeric">{changedTo && intervalText(changedTo, formatMsFigure)}</td>
      <td class="numeric">{ratio && intervalText(ratio, formatRatio)}</td>
      <td class="numeric">{explainedShare === undefined ? '' : formatShare(explainedShare)}</td>
      <td>{planChanged === undefined ? '' : planChanged ? 'another' : 'the same'}</td>
      {workers && <td>{workersHeard === undefined ? '' : workersHeard ? 'heard it' : 'did not hear it'}</td>}
    </tr>
  );
}

function changes({ changed }: Experiment): string {
  return changed.map(({ name, to }) => `${name} = ${to}`).join(', ');
}

function intervalText({ median, low, high }: Interval, format: (value: number) => string) {
  return (
    <>
      {format(median)} <span class="dim">{`${format(low)}–${format(high)}`}</span>
    </>
  );
}

interface DotsProps {
  kind: 'unchanged' | 'changed';
  runs: number[];
  interval: Interval | undefined;
  scaleMs: number;
}

function Dots({ kind, runs, interval, scaleMs }: DotsProps) {
  const at = (ms: number) => `${(100 * ms) / scaleMs}%`;
  const words = `${kind}: ${runs.map(formatMs).join(', ') || 'no runs'}`;
  return (
    <div class={`dots ${kind}`} role="img" aria-label={words} title={words}>
      {interval && (
        <span class="interval" style={{ left: at(interval.low), width: at(interval.high - interval.low) }}>
          <i style={{ left: `${(100 * (interval.median - interval.low)) / (interval.high - interval.low || 1)}%` }} />
        </span>
      )}
      {runs.map((ms, i) => (
        <span key={i} class="dot" style={{ left: at(ms) }} />
      ))}
    </div>
  );
}
