/** Above all: what is done with the whole, the verdict, and the two sides. */
import { comparisonSentence } from '../../src/comparison/sentence';
import type { Severity } from '../../src/shared/comparison';
import type { ShownComparison } from '../../src/shared/comparison-panel';
import type { ComparisonReport } from '../../src/shared/comparison-report';
import { formatMs } from '../../src/shared/format';
import { type Side, sides } from '../../src/shared/side';
import { Button, ProgressRing } from '../common/controls';
import { atText } from '../common/format';
import { ErrorText, type Message, MessageLine } from '../common/messages';
import type { Page } from './app';

/** What bites hard is seen from afar. */
const tones: Partial<Record<Severity, string>> = { critical: 'critical', high: 'slower' };

interface HeadProps {
  page: Page;
  state: ShownComparison;
  report: ComparisonReport;
  message: Message | undefined;
}

export function Head({ page: { host, act }, state, report, message }: HeadProps) {
  const { running } = state;
  const [worst] = report.findings;
  return (
    <>
      <header class="page-head">
        <span class="page-title">{`Comparison of ${report.migration}`}</span>
        <div class="actions">
          <Button
            appearance="secondary"
            disabled={running !== undefined}
            onClick={() => act(host.request('since', {}))}
          >
            What Changed Since…
          </Button>
          <Button
            appearance="secondary"
            disabled={running !== undefined}
            onClick={() => act(host.request('export', {}))}
          >
            Export…
          </Button>
          {running ? (
            <Button appearance="primary" onClick={() => act(host.request('cancel', {}))}>
              Cancel
            </Button>
          ) : (
            <Button appearance="primary" onClick={() => act(host.request('compare', {}))}>
              Compare Again
            </Button>
          )}
        </div>
      </header>
      <section class={`verdict ${(worst && tones[worst.severity]) ?? ''}`} aria-label="Verdict">
        <h1 aria-live="polite">{running ? 'Asking both sides…' : comparisonSentence(report)}</h1>
        <div class="verdict-about">
          {running ? (
            <span class="asking" role="status">
              <ProgressRing aria-hidden />
              {`${running.done} of ${running.total} checks`}
            </span>
          ) : (
            <span class="taken" title={report.at}>{`${atText(report.at)} · in ${formatMs(report.elapsedMs)}`}</span>
          )}
          {report.ignored.length > 0 && <span>{`${report.ignored.length} ignored`}</span>}
          <MessageLine message={message} />
        </div>
      </section>
    </>
  );
}

export function Sides({ state }: { state: ShownComparison }) {
  return (
    <section class="sides" aria-label="Sides">
      {sides.map(side => (
        <SideCard key={side} state={state} side={side} />
      ))}
    </section>
  );
}

function SideCard({ state, side }: { state: ShownComparison; side: Side }) {
  const { label, address } = state.comparison[side];
  const { error, done } = state[side];
  return (
    <section class={`side ${side}`} aria-label={`${side}: ${label}`}>
      <h2>{side}</h2>
      <div class="side-about">
        {label}
        {address !== undefined && <span class="side-address">{` · ${address}`}</span>}
        {done !== undefined && !error && <span role="status">{done ? ' · answered' : ' · asking …'}</span>}
      </div>
      {error && (
        <div class="side-error" role="alert">
          <ErrorText error={error} />
        </div>
      )}
      {!error && address === undefined && !state.running && <div class="side-error">It could not be reached.</div>}
    </section>
  );
}
