/** Everything about the selected statement, and what can be done with it. */
import { useEffect, useState } from 'preact/hooks';
import { visibleText } from '../../src/playbook/visible';
import { formatCount } from '../../src/shared/format';
import { RpcError } from '../../src/shared/rpc';
import { sides } from '../../src/shared/side';
import {
  isProposed,
  matchWords,
  type SideText,
  type StatementDetails,
  type StatementRow,
} from '../../src/shared/statements';
import { Button } from '../common/controls';
import { plural } from '../common/format';
import { makeVisible } from '../common/visible-state';
import type { Act, Host } from './app';
import { Figures, Nodes } from './figures';
import { verdictWords } from './words';

export interface DetailsProps {
  host: Host;
  act: Act;
  row: StatementRow | undefined;
  /** Another reading has other figures. */
  revision: number;
  all: boolean;
  showAll(all: boolean): void;
  /** Looks for the statement on the other side; absent when there is none that it could be. */
  pin: (() => void) | undefined;
  close(): void;
}

interface Answer {
  id: string;
  revision: number;
  details?: StatementDetails;
  problem?: string;
}

export function Details(props: DetailsProps) {
  const { host, row, revision, close } = props;
  const [answer, setAnswer] = useState<Answer>();
  const id = row?.id;
  // Confirming changes what is said of a row within a reading.
  const match = row?.match;
  useEffect(() => {
    if (id === undefined) return;
    const controller = new AbortController();
    host.request('details', { id }, controller.signal).then(
      details => {
        makeVisible(details);
        setAnswer({ id, revision, details });
      },
      (error: unknown) => {
        if (error instanceof RpcError && error.reason === 'cancelled') return;
        setAnswer({ id, revision, problem: error instanceof Error ? error.message : String(error) });
      },
    );
    return () => controller.abort();
  }, [host, id, revision, match]);

  const closing = (
    <Button appearance="icon" aria-label="Close details" title="Close details" onClick={close}>
      <span class="cross" aria-hidden />
    </Button>
  );
  if (!row) {
    return (
      <header class="details-head">
        <span class="dim">Select a statement to see its text and figures on both sides.</span>
        {closing}
      </header>
    );
  }
  const busy = answer?.id !== row.id || answer.revision !== revision;
  // The former statement's figures stay until the new ones are here: less flicker while arrowing through rows.
  const details = answer?.details;
  return (
    <>
      <header class="details-head">
        <code class="details-title" title={row.title}>
          {row.title}
        </code>
        <Actions {...props} row={row} />
        {closing}
      </header>
      {!busy && answer?.problem !== undefined ? (
        <p role="alert">{answer.problem}</p>
      ) : (
        <div class={`details-body ${busy ? 'busy' : ''}`} aria-busy={busy}>
          {details && <Body {...props} details={details} />}
        </div>
      )}
    </>
  );
}

function Actions({ host, act, row, pin }: DetailsProps & { row: StatementRow }) {
  const { id, match } = row;
  return (
    <div class="actions">
      {isProposed(match) && (
        <Button
          appearance="secondary"
          title="They are the same statement: let the pair count"
          onClick={() => act(host.request('confirm', { id }))}
        >
          Confirm Pair
        </Button>
      )}
      {match !== undefined && (
        <Button
          appearance="secondary"
          title="They are different statements"
          onClick={() => act(host.request('split', { id }))}
        >
          Split
        </Button>
      )}
      {match === undefined && (
        <Button
          appearance="secondary"
          disabled={!pin}
          title={
            pin
              ? 'Say which statement of the other side is the same'
              : 'Every statement of the other side has a partner'
          }
          onClick={() => pin?.()}
        >
          Pin with…
        </Button>
      )}
      <Button appearance="secondary" title="Plans on both sides" onClick={() => act(host.request('explain', { id }))}>
        Explain
      </Button>
      <Button
        appearance="secondary"
        title="Experiments that show why one side is slower"
        onClick={() => act(host.request('prove', { id }))}
      >
        Prove
      </Button>
      <Button appearance="secondary" onClick={() => act(host.request('open', { id }))}>
        Open in Editor
      </Button>
      <Button appearance="secondary" onClick={() => act(host.request('copy', { id }), () => 'Copied.')}>
        Copy
      </Button>
      <Button
        appearance="primary"
        onClick={() => act(host.request('record', { id }), ({ file }) => `Recorded in ${file}.`)}
      >
        Record in Playbook
      </Button>
    </div>
  );
}

function Body({ details, all, showAll }: DetailsProps & { details: StatementDetails }) {
  const { row, reasons, classReasons, figures, nodes } = details;
  const proposed = isProposed(row.match);
  return (
    <>
      <div class="details-figures">
        <p class="details-verdict">
          <span class={`pill ${row.verdict} ${proposed ? 'suspected' : ''}`}>{verdictWords[row.verdict]}</span>{' '}
          {reasons.join(' ')}
        </p>
        <Figures figures={figures} all={all} showAll={showAll} />
        {nodes.length > 0 && <Nodes nodes={nodes} />}
      </div>
      <div class="details-texts">
        <Texts details={details} />
        <dl>
          <dt>class</dt>
          <dd>{[row.class, classReasons.join(' ')].filter(Boolean).join(': ')}</dd>
          <dt>match</dt>
          <dd>{row.match === undefined ? 'none on the other side' : matchWords[row.match]}</dd>
          {sides.map(side => {
            const text = details[side];
            return (
              text && [
                <dt key={side} class={`side-word ${side}`}>
                  {side}
                </dt>,
                <dd key={`${side} about`}>{aboutSide(text)}</dd>,
              ]
            );
          })}
        </dl>
      </div>
    </>
  );
}

function aboutSide({ user, database, queryIds, texts, truncated, citus }: SideText): string {
  return [
    `${user} on ${database}`,
    queryIds.length > 0 && `query id ${queryIds.join(', ')}`,
    texts > 1 && `${formatCount(texts)} texts taken as one`,
    truncated && 'cut off by the server',
    citus && citus.executors.length > 0 && `executor ${citus.executors.join(', ')}`,
    citus && citus.partitionKeys > 0 && plural(citus.partitionKeys, 'partition key'),
  ]
    .filter(Boolean)
    .join(' · ');
}

/** One text where both sides have the same. */
function Texts({ details: { source, target } }: { details: StatementDetails }) {
  if (source && target && source.sql === target.sql) return <Text name="both sides" sql={source.sql} />;
  return (
    <>
      {source && <Text name="source" sql={source.sql} />}
      {target && <Text name="target" sql={target.sql} />}
    </>
  );
}

function Text({ name, sql }: { name: string; sql: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="code statement-text" tabIndex={0} aria-label={`Statement: ${name}`}>
      <span class={`side-word ${name}`}>{name}</span>
      <pre>{visibleText(sql)}</pre>
    </section>
  );
}
