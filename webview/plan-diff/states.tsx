/** The panel while nothing is there to show yet, and when there is nothing to show at all. */
import { useEffect, useState } from 'preact/hooks';
import type { ViewError } from '../../src/shared/plan-diff';
import type { PlanDiffState } from '../../src/shared/plan-diff-panel';
import type { Side } from '../../src/shared/side';
import { Button, ProgressRing } from '../common/controls';
import { themeColor } from '../common/format';
import { ErrorText, type Message, MessageLine } from '../common/messages';

type RunningState = Extract<PlanDiffState, { status: 'running' }>;

const tickMs = 100;

/** The result's own layout without its figures, so that nothing moves when they arrive. */
interface RunningProps {
  state?: RunningState;
  cancel?: () => void;
  message?: Message | undefined;
}

export function Running({ state, cancel, message }: RunningProps) {
  return (
    <main class="page" aria-busy>
      <header class="page-head">
        <code class="statement-title" title={state?.title}>
          {state?.title ?? ' '}
        </code>
        {cancel && (
          <Button appearance="secondary" onClick={cancel}>
            Cancel
          </Button>
        )}
      </header>
      <section class="verdict">
        <h1 aria-live="polite">
          {state ? (state.analyzed ? 'Executing on both sides…' : 'Planning on both sides…') : 'Fetching the result…'}
        </h1>
        <div class="verdict-about">
          {state?.analyzed && <span>EXPLAIN ANALYZE executes the statement; what it writes is rolled back.</span>}
          <MessageLine message={message} />
        </div>
      </section>
      <section class="sides" aria-label="Sides">
        <RunningSide state={state} side="source" />
        <div class="between" />
        <RunningSide state={state} side="target" />
      </section>
      <div class="legend"> </div>
      <div class="tabs-skeleton" />
      <div class="grid-skeleton" aria-hidden />
    </main>
  );
}

function RunningSide({ state, side }: { state: RunningState | undefined; side: Side }) {
  return (
    <div class={`side ${side}`} style={state && { [`--${side}`]: themeColor(state[side].color, side) }}>
      <h2>{side}</h2>
      <div class="side-about">{state?.[side].label ?? '\u00a0'}</div>
      <div class="side-figures">{state && <Progress state={state} side={side} />}</div>
      <div class="composition" />
    </div>
  );
}

function Progress({ state, side }: { state: RunningState; side: Side }) {
  const { done } = state[side];
  const [since] = useState(() => performance.now() - (state.elapsedMs ?? 0));
  const [elapsedMs, setElapsed] = useState<number>();
  useEffect(() => {
    // When a side ends its clock stops; one that was done before the page looked has no time to show.
    if (done) return;
    const tick = () => setElapsed(performance.now() - since);
    tick();
    const timer = setInterval(tick, tickMs);
    return () => clearInterval(timer);
  }, [done, since]);
  return (
    <div class="progress">
      {done ? <span class="check" aria-hidden /> : <ProgressRing aria-hidden />}
      <span role="status">{done ? 'done' : 'running'}</span>
      {elapsedMs !== undefined && <span class="dim" aria-hidden>{`${(elapsedMs / 1000).toFixed(1)} s`}</span>}
    </div>
  );
}

interface FailedProps {
  title: string;
  error: ViewError;
  retry?: (() => void) | undefined;
  message?: Message | undefined;
}

export function Failed({ title, error, retry, message }: FailedProps) {
  return (
    <main class="page">
      <header class="page-head">
        <code class="statement-title" title={title}>
          {title}
        </code>
        {retry && (
          <Button appearance="primary" onClick={retry}>
            Try Again
          </Button>
        )}
        <MessageLine message={message} />
      </header>
      <section class="failed" role="alert">
        <h1>Nothing could be compared</h1>
        <ErrorText error={error} />
      </section>
    </main>
  );
}
