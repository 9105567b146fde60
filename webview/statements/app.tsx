import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ViewError } from '../../src/shared/plan-diff';
import { type RpcClient, RpcError } from '../../src/shared/rpc';
import type { StatementsSummary } from '../../src/shared/statements';
import { type StatementsState, statementsNotifications, statementsRequests } from '../../src/shared/statements-panel';
import { connectHost } from '../common/host';
import type { Message } from '../common/messages';
import { makeVisible } from '../common/visible-state';
import '../common/theme.css';
import '../common/page.css';
import './statements.css';
import './details.css';
import { type Layout, persistedLayout } from './layout';
import { Ready } from './ready';
import { type Rows, readRows } from './rows';
import { Failed, Running } from './states';

export type Host = RpcClient<typeof statementsRequests, typeof statementsNotifications>;

/** Sends a request whose answer is an effect elsewhere; says so, or says why not. */
export type Act = <Answer>(work: Promise<Answer>, done?: (answer: Answer) => string) => void;

/** A reading, its rows read. */
export interface Reading {
  revision: number;
  summary: StatementsSummary;
  rows: Rows;
  refreshing: boolean;
}

type Shown = Exclude<StatementsState, { status: 'ready' }> | (Reading & { status: 'ready' });

const layouts = persistedLayout();

export function App() {
  const [state, setState] = useState<Shown>();
  const [lost, setLost] = useState<ViewError>();
  const [message, setMessage] = useState<Message>();
  /** The row the host wants to be seen, until it is. */
  const [wanted, setWanted] = useState<string>();
  const [layout, setLayout] = useState<Layout>(layouts.value);
  const read = useRef<{ text: string; rows: Rows }>(undefined);

  const receive = useRef((next: StatementsState) => {
    setLost(undefined);
    if (next.status === 'running') setMessage(undefined);
    if (next.status !== 'ready') {
      makeVisible(next);
      setState(next);
      return;
    }
    const { rows: text, revision, summary, refreshing = false } = next;
    try {
      // A state that only says that another reading is under way has the rows that are here already.
      if (read.current?.text !== text) read.current = { text, rows: readRows(text) };
    } catch (error) {
      setLost({
        reason: 'malformed',
        message: `Cutover's host sent rows this panel does not understand: ${error instanceof Error ? error.message : error}`,
        next: 'Close this panel and open it again.',
      });
      return;
    }
    makeVisible(summary);
    setState({ status: 'ready', revision, summary, rows: read.current.rows, refreshing });
  }).current;

  const host: Host = useMemo(
    () =>
      connectHost(
        statementsRequests,
        statementsNotifications,
        (method, params) => {
          if (method === 'state') receive(params as StatementsState);
          else setWanted((params as { id: string }).id);
        },
        what =>
          setMessage({ tone: 'error', text: `Cutover's host sent something this panel does not understand: ${what}` }),
      ),
    [receive],
  );

  const arrange = useCallback((change: Partial<Layout>) => {
    layouts.value = { ...layouts.value, ...change };
    setLayout(layouts.value);
  }, []);

  const getReady = useCallback(() => {
    setLost(undefined);
    host.request('ready', {}).then(receive, (error: unknown) => {
      setLost({
        reason: error instanceof RpcError ? error.reason : 'failed',
        message: error instanceof Error ? error.message : String(error),
        next: 'Try again, or run the command again.',
      });
    });
  }, [host, receive]);
  useEffect(getReady, [getReady]);

  // Kept without drawing anything anew: the grid is already where it says.
  const keepScroll = useCallback((scrollTop: number) => {
    layouts.value = { ...layouts.value, scrollTop };
  }, []);

  const act: Act = useCallback((work, done) => {
    setMessage(undefined);
    work.then(
      answer => done !== undefined && setMessage({ tone: 'info', text: done(answer) }),
      (error: unknown) => {
        if (error instanceof RpcError && error.reason === 'cancelled') return;
        setMessage({ tone: 'error', text: error instanceof Error ? error.message : String(error) });
      },
    );
  }, []);

  if (lost) return <Failed error={lost} retry={getReady} />;
  if (state === undefined) return <Running />;
  if (state.status === 'running')
    return <Running state={state} message={message} cancel={() => act(host.request('cancel', {}))} />;
  if (state.status === 'failed')
    return <Failed error={state.error} retry={() => act(host.request('refresh', {}))} message={message} />;
  return (
    <Ready
      host={host}
      reading={state}
      message={message}
      layout={layout}
      arrange={arrange}
      keepScroll={keepScroll}
      act={act}
      wanted={wanted}
      onShown={() => setWanted(undefined)}
    />
  );
}
