/** The report: what it comes to, findings worst first, what could not be judged, what agreed. */
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { comparisonReport } from '../../src/comparison/report';
import type { ShownComparison } from '../../src/shared/comparison-panel';
import type { ComparisonReport } from '../../src/shared/comparison-report';
import { themeColor } from '../common/format';
import type { Message } from '../common/messages';
import type { Page } from './app';
import { Changes } from './changes';
import { isShown } from './filter';
import { Finding } from './finding';
import { Head, Sides } from './head';
import { Errors, Ignored, Passed, Unknown } from './rest';
import { Summary } from './summary';
import { Toolbar } from './toolbar';

interface ReportProps {
  page: Page;
  state: ShownComparison;
  message: Message | undefined;
  keepScroll(scrollTop: number): void;
  wanted: string | undefined;
  onShown(): void;
}

export function Report({ page, state, message, keepScroll, wanted, onShown }: ReportProps) {
  const { comparison, ignored, before } = state;
  const { layout, arrange } = page;
  const report = useMemo(
    () => comparisonReport(comparison, { ignore: ignored, since: before }),
    [comparison, ignored, before],
  );
  const main = useRef<HTMLElement>(null);

  useLayoutEffect(() => main.current!.scrollTo({ top: layout.scrollTop }), []);

  useEffect(() => {
    if (wanted === undefined) return;
    const section = sectionOf(report, wanted);
    if (section === undefined) {
      // It may be on its way; a comparison that is there has it or never will.
      if (!state.running) onShown();
      return;
    }
    const open = { ...layout.open, [wanted]: true };
    const sections = { ...layout.sections, [section]: true };
    const isFiltered = !isShown(layout, comparison.checks.find(({ id }) => id === wanted)!);
    arrange({ open, sections, ...(isFiltered ? { text: '', group: undefined, severity: undefined } : {}) });
    onShown();
    // Once it is drawn.
    requestAnimationFrame(() => {
      const shown = main.current?.querySelector<HTMLElement>(`[data-check="${CSS.escape(wanted)}"]`);
      shown?.scrollIntoView({ block: 'start' });
      shown?.querySelector<HTMLElement>('.disclosure')?.focus({ preventScroll: true });
    });
  }, [wanted, report]);

  const findings = report.findings.filter(finding => isShown(layout, finding));
  const colors = {
    '--source': themeColor(state.source.color, 'source'),
    '--target': themeColor(state.target.color, 'target'),
  };
  return (
    <main
      class="page comparison-page"
      ref={main}
      style={colors}
      aria-busy={state.running !== undefined}
      onScroll={event => keepScroll(event.currentTarget.scrollTop)}
    >
      <Head page={page} state={state} report={report} message={message} />
      <Sides state={state} />
      <Summary page={page} report={report} />
      {report.changes && <Changes page={page} changes={report.changes} />}
      <Toolbar page={page} report={report} shown={findings.length} />
      {report.findings.length > 0 && (
        <section class="findings" aria-label="Differences" onKeyDown={moveAmongHeads}>
          <h2>Differences</h2>
          {findings.length === 0 && <p class="dim">No difference matches.</p>}
          {findings.map(finding => (
            <Finding key={finding.id} page={page} finding={finding} report={report} />
          ))}
        </section>
      )}
      <Ignored page={page} report={report} />
      <Unknown page={page} report={report} />
      <Errors page={page} report={report} />
      <Passed page={page} report={report} />
    </main>
  );
}

/** Where a check stands; undefined when it is not in the report. */
function sectionOf(report: ComparisonReport, wanted: string): string | undefined {
  const sections = ['findings', 'ignored', 'unknown', 'errors', 'passed'] as const;
  return sections.find(section => report[section].some(({ id }) => id === wanted));
}

/** Up and down from finding to finding, after the WAI-ARIA "Accordion Pattern". */
function moveAmongHeads(event: KeyboardEvent): void {
  const heads = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('.disclosure')];
  const at = heads.indexOf(event.target as HTMLElement);
  if (at < 0) return;
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: heads.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  heads[to]?.focus();
}
