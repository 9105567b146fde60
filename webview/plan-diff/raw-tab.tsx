import { useEffect, useState } from 'preact/hooks';
import { visibleText } from '../../src/playbook/visible';
import { formatCount } from '../../src/shared/format';
import type { PlanDiffView } from '../../src/shared/plan-diff';
import { type BySide, type Side, sides } from '../../src/shared/side';
import { Button } from '../common/controls';
import type { Host } from './app';

/** Laying out more text than this makes the page stall; the editor is made for it. */
const shownCharacters = 200_000;

type Raw = { text: string } | { problem: string };

export function RawTab({ host, view, act }: { host: Host; view: PlanDiffView; act(work: Promise<unknown>): void }) {
  const [raw, setRaw] = useState<Partial<BySide<Raw>>>({});
  useEffect(() => {
    const controller = new AbortController();
    const fetchBoth = async () => {
      // One after the other: a newer request of the same kind would call the first one off.
      for (const side of sides) {
        if (view[side].status === 'error') continue;
        try {
          const answer = await host.request('raw', { side }, controller.signal);
          setRaw(before => ({ ...before, [side]: answer }));
        } catch (error) {
          if (controller.signal.aborted) return;
          const problem = error instanceof Error ? error.message : String(error);
          setRaw(before => ({ ...before, [side]: { problem } }));
        }
      }
    };
    void fetchBoth();
    return () => controller.abort();
  }, [host, view]);

  return (
    <div class="pane by-side raw">
      {sides.map(side => (
        <section key={side} class={side} aria-label={`Raw plan of the ${side}`}>
          <header>
            <h3>{`${side} · ${view[side].label}`}</h3>
            {view[side].status === 'ok' && (
              <Button appearance="secondary" onClick={() => act(host.request('openRaw', { side }))}>
                Open in Editor
              </Button>
            )}
          </header>
          {view[side].status === 'ok' ? (
            <RawText side={side} raw={raw[side]} />
          ) : (
            <p class="dim">There is no plan on this side.</p>
          )}
        </section>
      ))}
    </div>
  );
}

function RawText({ side, raw }: { side: Side; raw: Raw | undefined }) {
  if (raw === undefined) return <p class="dim">Fetching…</p>;
  if ('problem' in raw) return <p role="alert">{raw.problem}</p>;
  const cut = raw.text.length > shownCharacters;
  return (
    <>
      {cut && (
        <p class="dim">
          {`The first ${formatCount(shownCharacters)} of ${formatCount(raw.text.length)} characters; the editor has them all.`}
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section class="code" tabIndex={0} aria-label={`Raw plan of the ${side}`}>
        <pre>{visibleText(raw.text.slice(0, shownCharacters))}</pre>
      </section>
    </>
  );
}
