/** Everything both nodes of the selected row said, differing properties first. */
import { useEffect, useState } from 'preact/hooks';
import type { PlanDiffView, RowDetails } from '../../src/shared/plan-diff';
import { RpcError } from '../../src/shared/rpc';
import { type Side, sides } from '../../src/shared/side';
import { Button } from '../common/controls';
import { Splitter } from '../common/splitter';
import type { Host } from './app';
import { markSigns, markWords } from './format';
import type { Layout } from './layout';

interface DetailsProps {
  host: Host;
  view: PlanDiffView;
  /** Index of the selected row, −1 for none. */
  row: number;
  alone: Side | undefined;
  open: boolean;
  heightPx: number;
  arrange(change: Partial<Layout>): void;
}

export function Details(props: DetailsProps) {
  const { open, heightPx, arrange } = props;
  if (!open) {
    return (
      <div class="details-closed">
        <Button appearance="secondary" aria-expanded="false" onClick={() => arrange({ detailsOpen: true })}>
          Details
        </Button>
        <span class="dim">Enter or a double click on a row shows everything both nodes said.</span>
      </div>
    );
  }
  return (
    <>
      <Splitter heightPx={heightPx} resize={height => arrange({ detailsHeightPx: height })} />
      <section class="details" aria-label="Details of the selected row" style={{ height: `${heightPx}px` }}>
        <DetailsBody {...props} />
      </section>
    </>
  );
}

interface Answer {
  view: PlanDiffView;
  row: number;
  details?: RowDetails;
  problem?: string;
}

function DetailsBody({ host, view, row, alone, arrange }: DetailsProps) {
  const [answer, setAnswer] = useState<Answer>();
  useEffect(() => {
    if (row < 0) return;
    const controller = new AbortController();
    host.request('details', { row }, controller.signal).then(
      details => setAnswer({ view, row, details }),
      (error: unknown) => {
        if (error instanceof RpcError && error.reason === 'cancelled') return;
        setAnswer({ view, row, problem: error instanceof Error ? error.message : String(error) });
      },
    );
    return () => controller.abort();
  }, [host, view, row]);

  const close = (
    <Button
      appearance="icon"
      aria-label="Close details"
      title="Close details"
      onClick={() => arrange({ detailsOpen: false })}
    >
      <span class="cross" aria-hidden />
    </Button>
  );
  const selected = view.rows[row];
  if (!selected) {
    return (
      <header class="details-head">
        <span class="dim">Select a row to see everything both nodes said.</span>
        {close}
      </header>
    );
  }
  const shown = alone === undefined ? sides : [alone];
  // The former row's properties stay until the new ones are here: less flicker while arrowing through rows.
  const details = answer?.view === view ? answer.details : undefined;
  return (
    <>
      <header class="details-head">
        {alone === undefined && (
          <span class={`mark ${selected.mark}`}>{`${markSigns[selected.mark]} ${markWords[selected.mark]}`}</span>
        )}
        {selected.mark === 'changed' && <span class="changes">{selected.changes.join(' · ')}</span>}
        {close}
      </header>
      {answer?.row === row && answer.problem !== undefined ? (
        <p role="alert">{answer.problem}</p>
      ) : (
        <table class="table" aria-busy={answer?.row !== row}>
          <thead>
            <tr>
              <th scope="col">property</th>
              {alone === undefined && <th scope="col" class="mark" aria-label="mark" />}
              {shown.map(side => (
                <th key={side} scope="col" class={side} title={selected[side]?.name}>
                  {`${side}: ${selected[side]?.name ?? 'nothing'}`}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {details
              ?.toSorted((a, b) => Number(b.differs) - Number(a.differs))
              .map(property => {
                const differs = property.differs && alone === undefined;
                return (
                  <tr key={property.name} class={differs ? 'changed' : ''}>
                    <th scope="row">{property.name}</th>
                    {alone === undefined && (
                      <td class="mark">
                        {differs && (
                          <span role="img" aria-label="differs">
                            ≠
                          </span>
                        )}
                      </td>
                    )}
                    {shown.map(side => (
                      <td key={side}>{property[side] ?? <span class="dim">—</span>}</td>
                    ))}
                  </tr>
                );
              })}
          </tbody>
        </table>
      )}
    </>
  );
}
