/** The panel while nothing is there to show yet, and when there is nothing to show at all. */
import type { ViewError } from '../../src/shared/plan-diff';
import { type Side, sides } from '../../src/shared/side';
import type { StatementsState } from '../../src/shared/statements-panel';
import { Button, ProgressRing } from '../common/controls';
import { themeColor } from '../common/format';
import { ErrorText, type Message, MessageLine } from '../common/messages';

type RunningState = Extract<StatementsState, { status: 'running' }>;

interface RunningProps {
  state?: RunningState;
  cancel?: () => void;
  message?: Message | undefined;
}

/** The table's own layout without its figures, so that nothing moves when they arrive. */
export function Running({ state, cancel, message }: RunningProps) {
  return (
    <main class="page statements-page" aria-busy>
      <header class="page-head">
        <span class="page-title dim">Slow statements</span>
        {cancel && (
          <Button appearance="secondary" onClick={cancel}>
            Cancel
          </Button>
        )}
      </header>
      <section class="verdict banner">
        <div>
          <h1 aria-live="polite">{state ? 'Reading pg_stat_statements on both sides…' : 'Fetching the statements…'}</h1>
          <div class="verdict-about">
            <MessageLine message={message} />
          </div>
        </div>
      </section>
      <section class="sides" aria-label="Sides">
        {sides.map(side => (
          <RunningSide key={side} state={state} side={side} />
        ))}
      </section>
      <div class="toolbar" />
      <div class="grid-skeleton" aria-hidden />
    </main>
  );
}

function RunningSide({ state, side }: { state: RunningState | undefined; side: Side }) {
  const about = state?.[side];
  return (
    <section class={`side ${side}`} style={about && { [`--${side}`]: themeColor(about.color, side) }}>
      <h2>{side}</h2>
      <div class="side-about">{about?.label ?? '\u00a0'}</div>
      <div class="side-window">
        {about && (
          <div class="progress">
            {about.done ? <span class="check" aria-hidden /> : <ProgressRing aria-hidden />}
            <span role="status">{about.done ? 'done' : 'running'}</span>
          </div>
        )}
      </div>
    </section>
  );
}

interface FailedProps {
  error: ViewError;
  retry: () => void;
  message?: Message | undefined;
}

export function Failed({ error, retry, message }: FailedProps) {
  return (
    <main class="page statements-page">
      <header class="page-head">
        <span class="page-title dim">Slow statements</span>
        <Button appearance="primary" onClick={retry}>
          Try Again
        </Button>
        <MessageLine message={message} />
      </header>
      <section class="failed" role="alert">
        <h1>Nothing could be compared</h1>
        <ErrorText error={error} />
      </section>
    </main>
  );
}
