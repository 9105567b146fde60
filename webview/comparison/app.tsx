import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import {
  type ComparisonState,
  comparisonNotifications,
  comparisonRequests,
  type ShownComparison,
} from '../../src/shared/comparison-panel';
import type { ViewError } from '../../src/shared/plan-diff';
import { type RpcClient, RpcError } from '../../src/shared/rpc';
import { connectHost } from '../common/host';
import type { Message } from '../common/messages';
import { makeVisible } from '../common/visible-state';
import '../common/theme.css';
import '../common/page.css';
import './comparison.css';
import './findings.css';
import './print.css';
import { type Layout, persistedLayout } from './layout';
import { Report } from './report';
import { Failed, Nothing } from './states';

export type Host = RpcClient<typeof comparisonRequests, typeof comparisonNotifications>;

/** Sends a request whose answer is an effect elsewhere; says so, or says why not. */
export type Act = <Answer>(work: Promise<Answer>, done?: (answer: Answer) => string) => void;

/** What is the same for every part of the report. */
export interface Page {
  host: Host;
  act: Act;
  layout: Layout;
  arrange(change: Partial<Layout>): void;
}

const layouts = persistedLayout();

export function App() {
  const [state, setState] = useState<ComparisonState>();
  const [lost, setLost] = useState<ViewError>();
  const [message, setMessage] = useState<Message>();
  /** The check that the host wants to be seen, until it is. */
  const [wanted, setWanted] = useState<string>();
  const [layout, setLayout] = useState<Layout>(layouts.value);

  const receive = useRef((next: ComparisonState) => {
    makeVisible(next);
    setLost(undefined);
    if (next.status === 'shown' && next.running) setMessage(undefined);
    setState(next);
  }).current;

  const host: Host = useMemo(
    () =>
      connectHost(
        comparisonRequests,
        comparisonNotifications,
        (method, params) => {
          if (method === 'state') receive(params as ComparisonState);
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

  // Kept without drawing anything anew: the page is already where it says.
  const keepScroll = useCallback((scrollTop: number) => {
    layouts.value = { ...layouts.value, scrollTop };
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

  const compare = () => act(host.request('compare', {}));
  if (lost) return <Failed error={lost} retry={getReady} />;
  if (state === undefined) return <main class="page comparison-page" aria-busy />;
  if (state.status === 'none') return <Nothing migration={state.migration} compare={compare} message={message} />;
  if (state.status === 'failed') return <Failed error={state.error} retry={compare} message={message} />;
  return (
    <Report
      page={{ host, act, layout, arrange }}
      state={state satisfies ShownComparison}
      message={message}
      keepScroll={keepScroll}
      wanted={wanted}
      onShown={() => setWanted(undefined)}
    />
  );
}
