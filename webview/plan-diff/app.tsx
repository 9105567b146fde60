import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Proving } from '../../src/shared/diagnosis';
import type { ViewError } from '../../src/shared/plan-diff';
import { type PlanDiffState, planDiffNotifications, planDiffRequests } from '../../src/shared/plan-diff-panel';
import { type RpcClient, RpcError } from '../../src/shared/rpc';
import { connectHost } from '../common/host';
import type { Message } from '../common/messages';
import { makeVisible } from '../common/visible-state';
import '../common/theme.css';
import '../common/page.css';
import { type Layout, persistedLayout } from './layout';
import { Failed, Running } from './states';
import './summary.css';
import './tabs.css';
import './plan-tab.css';
import './causes.css';
import { Result } from './result';

export type Host = RpcClient<typeof planDiffRequests, typeof planDiffNotifications>;

const layouts = persistedLayout();

export function App() {
  const [state, setState] = useState<PlanDiffState>();
  const [lost, setLost] = useState<ViewError>();
  const [message, setMessage] = useState<Message>();
  const [proving, setProving] = useState<Proving>();
  const [layout, setLayout] = useState<Layout>(layouts.value);
  const receive = useRef((next: PlanDiffState) => {
    setLost(undefined);
    if (next.status === 'running') setMessage(undefined);
    if (next.status !== 'ready') setProving(undefined);
    makeVisible(next);
    setState(next);
  }).current;

  const host: Host = useMemo(
    () =>
      connectHost(
        planDiffRequests,
        planDiffNotifications,
        (method, params) => {
          if (method === 'state') receive(params as PlanDiffState);
          else setProving((params as Proving | null) ?? undefined);
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
    const { id } = layouts.value;
    host.request('ready', id === undefined ? {} : { id }).then(receive, (error: unknown) => {
      setLost({
        reason: error instanceof RpcError ? error.reason : 'failed',
        message: error instanceof Error ? error.message : String(error),
        next: 'Try again, or run the command again from the SQL file.',
      });
    });
  }, [host, receive]);
  useEffect(getReady, [getReady]);

  // Kept without drawing anything anew: the grid is already where it says.
  const keepScroll = useCallback((scrollTop: number) => {
    layouts.value = { ...layouts.value, scrollTop };
  }, []);

  /** Sends a request whose answer is an effect elsewhere; says so, or says why not. */
  const act = useCallback((work: Promise<unknown>, done?: string) => {
    setMessage(undefined);
    work.then(
      () => done !== undefined && setMessage({ tone: 'info', text: done }),
      (error: unknown) => {
        if (error instanceof RpcError && error.reason === 'cancelled') return;
        setMessage({ tone: 'error', text: error instanceof Error ? error.message : String(error) });
      },
    );
  }, []);

  if (lost) return <Failed title="Explain on both sides" error={lost} retry={getReady} />;
  if (state === undefined) return <Running />;
  if (state.status === 'running')
    return <Running state={state} message={message} cancel={() => act(host.request('cancel', {}))} />;
  if (state.status === 'failed') {
    const { title, error, analyzed } = state;
    const retry = analyzed === undefined ? undefined : () => act(host.request('rerun', { analyze: analyzed }));
    return <Failed title={title} error={error} retry={retry} message={message} />;
  }
  return (
    <Result
      key={state.view.id}
      host={host}
      view={state.view}
      recordedIn={state.recordedIn}
      call={state.call}
      diagnosing={state.diagnosing ?? false}
      provable={state.provable ?? false}
      proving={proving}
      message={message}
      layout={layout}
      arrange={arrange}
      keepScroll={keepScroll}
      act={act}
    />
  );
}
