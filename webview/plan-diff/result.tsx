/** A result: the answer first, then the evidence. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Proving } from '../../src/shared/diagnosis';
import type { CallView } from '../../src/shared/nested';
import type { PlanDiffView } from '../../src/shared/plan-diff';
import { Button, ProgressRing, Tab, TabPanel, Tabs } from '../common/controls';
import { atText, themeColor } from '../common/format';
import { type Message, MessageLine } from '../common/messages';
import type { Host } from './app';
import { CallTab } from './call-tab';
import { Causes } from './causes';
import { CausesTab } from './causes-tab';
import { DifferencesTab } from './differences-tab';
import { ExperimentsTab } from './experiments-tab';
import { type Layout, type TabId, tabs } from './layout';
import { PlanTab } from './plan-tab';
import { RawTab } from './raw-tab';
import { SettingsTab, settingRows } from './settings-tab';
import { showInPlan } from './show-in-plan';
import { Sides } from './sides';
import { StatementTab } from './statement-tab';

export interface ResultProps {
  host: Host;
  view: PlanDiffView;
  recordedIn: string | undefined;
  /** The statements inside, when it is a call. */
  call: CallView | undefined;
  /** The causes are still being looked for; nothing else can be asked of the host meanwhile. */
  diagnosing: boolean;
  /** There is a statement, and a side that experiments may run on. */
  provable: boolean;
  proving: Proving | undefined;
  message: Message | undefined;
  layout: Layout;
  arrange(change: Partial<Layout>): void;
  keepScroll(scrollTop: number): void;
  act(work: Promise<unknown>, done?: string): void;
}

/** A call has no plan of its own: what runs inside it has. */
const callTabs: readonly TabId[] = ['call', 'causes', 'statement'];
const needsDiagnosis: readonly TabId[] = ['causes', 'experiments'];

export function Result(props: ResultProps) {
  const { view, layout, arrange, host, act, message, recordedIn, proving, call } = props;
  const { diagnosis } = view;
  const shownTabs = call ? callTabs : tabs.filter(id => id !== 'call' && (diagnosis || !needsDiagnosis.includes(id)));
  const shownTab = shownTabs.includes(layout.tab) ? layout.tab : shownTabs[0]!;
  const [wantedCause, setWantedCause] = useState<number>();
  const openCause = useCallback(
    (index: number) => {
      setWantedCause(index);
      arrange({ tab: 'causes' });
    },
    [arrange],
  );
  const settings = settingRows(view);
  const recorded: Message | undefined =
    recordedIn === undefined ? undefined : { tone: 'info', text: `Recorded in ${recordedIn}.` };
  const titles: Record<TabId, string> = {
    plan: 'Plan',
    call: `Inside the Call ${call?.statements.length ?? 0}`,
    causes: `Causes ${diagnosis?.causes.length ?? 0}`,
    differences: `Differences ${view.differences.length}`,
    experiments: `Experiments ${diagnosis?.experiments.length ?? 0}`,
    settings: `Settings ${settings.filter(setting => setting.differs).length}`,
    statement: 'Statement',
    raw: 'Raw',
  };
  const sideColors = {
    '--source': themeColor(view.source.color, 'source'),
    '--target': themeColor(view.target.color, 'target'),
  };

  useEffect(() => {
    const find = (event: KeyboardEvent) => {
      const command = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
      if (!command || event.key.toLowerCase() !== 'f') return;
      event.preventDefault();
      arrange({ tab: 'plan' });
      requestAnimationFrame(() => document.getElementById('find')?.focus());
    };
    window.addEventListener('keydown', find);
    return () => window.removeEventListener('keydown', find);
  }, [arrange]);

  return (
    <main class="page" style={sideColors}>
      <PageHead {...props} />
      <section class={`verdict ${view.verdict.tone}`} aria-label="Verdict">
        <h1>
          <VerdictSentence sentence={view.verdict.sentence} />
        </h1>
        <div class="verdict-about">
          <span class="taken" title={view.at}>
            {`${view.migration} · ${view.analyzed ? 'EXPLAIN ANALYZE' : 'EXPLAIN'} · ${atText(view.at)}`}
          </span>
          <Notes notes={view.notes} />
          <MessageLine message={message ?? recorded} />
        </div>
      </section>
      {props.diagnosing && (
        <div class="proving" role="status">
          <ProgressRing aria-hidden />
          Looking for causes…
        </div>
      )}
      {diagnosis && <Causes view={view} diagnosis={diagnosis} open={openCause} />}
      {proving && <ProvingLine proving={proving} cancel={() => act(host.request('cancel', {}))} />}
      <Sides view={view} isCall={call !== undefined} analyze={() => act(host.request('rerun', { analyze: true }))} />
      <Tabs
        class="tabs"
        activeid={`tab-${shownTab}`}
        onChange={event => {
          if (event.target !== event.currentTarget) return;
          const id = (event.currentTarget as unknown as { activeid: string }).activeid.replace(/^tab-/, '') as TabId;
          if (id !== shownTab) arrange({ tab: id });
        }}
      >
        {shownTabs.map(id => (
          <Tab key={id} id={`tab-${id}`}>
            {titles[id]}
          </Tab>
        ))}
        {shownTabs.map(id => (
          <TabPanel key={id} id={`panel-${id}`}>
            {shownTab === id && <TabContent {...props} tab={id} settings={settings} wantedCause={wantedCause} />}
          </TabPanel>
        ))}
      </Tabs>
    </main>
  );
}

interface TabContentProps extends ResultProps {
  tab: TabId;
  settings: ReturnType<typeof settingRows>;
  wantedCause: number | undefined;
}

function TabContent(props: TabContentProps) {
  const { tab, view, host, layout, arrange, act, settings } = props;
  if (tab === 'plan')
    return <PlanTab host={host} view={view} layout={layout} arrange={arrange} keepScroll={props.keepScroll} />;
  if (tab === 'call')
    return props.call ? (
      <CallTab view={view} call={props.call} openPlans={id => act(host.request('openNested', { id }))} />
    ) : null;
  if (tab === 'causes')
    return (
      <CausesTab
        view={view}
        wanted={props.wantedCause}
        showInPlan={props.call ? undefined : row => arrange(showInPlan(view, row))}
        openRemedy={cause => act(host.request('openRemedy', { cause }))}
      />
    );
  if (tab === 'differences') return <DifferencesTab view={view} arrange={arrange} />;
  if (tab === 'experiments')
    return (
      <ExperimentsTab
        view={view}
        proving={props.proving}
        prove={props.provable ? () => act(host.request('prove', {})) : undefined}
      />
    );
  if (tab === 'settings') return <SettingsTab view={view} settings={settings} />;
  if (tab === 'statement') return <StatementTab view={view} />;
  return <RawTab host={host} view={view} act={act} />;
}

/** What is being tried, and the way out. */
function ProvingLine({ proving, cancel }: { proving: Proving; cancel(): void }) {
  const { changing, experiment, experiments, run, runs } = proving;
  const what = run === undefined ? 'looking at the plan' : `run ${run} of ${runs ?? '?'}`;
  return (
    <div class="proving" role="status">
      <ProgressRing aria-hidden />
      <span>
        {`Experiment ${experiment} of ${experiments}: `}
        <code>{changing}</code>
        {`, ${what}`}
      </span>
      <Button appearance="secondary" class="inline-action" onClick={cancel}>
        Cancel
      </Button>
    </div>
  );
}

function PageHead({ view, host, act, recordedIn, provable, proving, diagnosing }: ResultProps) {
  const rerun = (analyze: boolean) => act(host.request('rerun', { analyze }));
  return (
    <header class="page-head">
      <code class="statement-title" title={view.statement.sql}>
        {view.statement.title}
      </code>
      <div class="actions">
        <Button appearance="secondary" onClick={() => rerun(view.analyzed)}>
          Run Again
        </Button>
        {!view.analyzed && (
          <Button appearance="secondary" onClick={() => rerun(true)}>
            Analyze
          </Button>
        )}
        {provable && (
          <Button
            appearance="secondary"
            disabled={proving !== undefined}
            onClick={() => act(host.request('prove', {}))}
          >
            Prove
          </Button>
        )}
        <Button
          appearance="secondary"
          disabled={diagnosing}
          onClick={() => act(host.request('copyMarkdown', {}), 'Copied as Markdown.')}
        >
          Copy as Markdown
        </Button>
        <Button appearance="primary" disabled={diagnosing} onClick={() => act(host.request('record', {}))}>
          {recordedIn === undefined ? 'Record in Playbook' : 'Update in Playbook'}
        </Button>
      </div>
    </header>
  );
}

/** One line until somebody wants more: what stands below keeps its place. */
function Notes({ notes }: { notes: string[] }) {
  if (notes.length === 0) return null;
  return (
    <details class="notes">
      <summary title={notes.join('\n')}>
        <strong>{notes.length === 1 ? 'Note:' : `${notes.length} notes:`}</strong> {notes[0]}
      </summary>
      <ul>
        {notes.map((note, i) => (
          <li key={i}>{note}</li>
        ))}
      </ul>
    </details>
  );
}

/** Its figure stands out: `8.7× slower`. */
function VerdictSentence({ sentence }: { sentence: string }) {
  const figure = /\d[\d.,]*\s?×(?: (?:slower|faster|higher|lower|more|less|the cost)\b)?/.exec(sentence);
  if (!figure) return <>{sentence}</>;
  return (
    <>
      {sentence.slice(0, figure.index)}
      <b>{figure[0]}</b>
      {sentence.slice(figure.index + figure[0].length)}
    </>
  );
}
