/** One difference: its evidence of both sides, why it matters, what mends it. */
import type { ComponentChildren } from 'preact';
import { coordinatorOf } from '../../src/comparison/fix-script';
import { isAtLeast } from '../../src/comparison/order';
import { visibleText } from '../../src/playbook/visible';
import type { ComparisonReport, ReportFinding } from '../../src/shared/comparison-report';
import { sides } from '../../src/shared/side';
import { Button } from '../common/controls';
import type { Page } from './app';
import { Evidence } from './evidence';
import type { Layout } from './layout';
import { SeverityPill } from './words';

/** What bites hard is open until somebody closes it. */
export function isOpen(layout: Layout, { id, severity }: Pick<ReportFinding, 'id' | 'severity'>): boolean {
  return layout.open[id] ?? isAtLeast(severity, 'high');
}

interface FindingProps {
  page: Page;
  finding: ReportFinding;
  report: ComparisonReport;
}

export function Finding({ page, finding, report }: FindingProps) {
  const { host, act, layout, arrange } = page;
  const { id, severity, title, summary, question, why, reference, remarks, evidence, remedy } = finding;
  const open = isOpen(layout, finding);
  return (
    <article class="finding" data-check={id} aria-label={title}>
      <Disclosure open={open} id={`body-${id}`} toggle={() => arrange({ open: { ...layout.open, [id]: !open } })}>
        <SeverityPill severity={severity} />
        <span class="finding-title">{title}</span>
        <span class="finding-summary">{summary}</span>
      </Disclosure>
      <div class="finding-body" id={`body-${id}`} hidden={!open}>
        <Evidence evidence={evidence} source={report.source.label} target={report.target.label} />
        {remarks.length > 0 && (
          <ul class="remarks">
            {remarks.map((remark, i) => (
              <li key={i}>{remark}</li>
            ))}
          </ul>
        )}
        <dl class="why">
          <dt>Asked</dt>
          <dd>{question}</dd>
          <dt>Why it matters</dt>
          <dd>{why}</dd>
          <dt>Reference</dt>
          <dd class="dim">{reference}</dd>
        </dl>
        <div class="finding-actions">
          {remedy.length > 0 && (
            <>
              <Button appearance="primary" onClick={() => act(host.request('openFix', { id }))}>
                Open Fix as SQL
              </Button>
              <Button appearance="secondary" onClick={() => act(host.request('copyFix', { id }), () => 'Copied.')}>
                Copy Fix
              </Button>
            </>
          )}
          <Button
            appearance="secondary"
            onClick={() => act(host.request('record', { id }), ({ file }) => `Recorded in ${file}.`)}
          >
            Record in Playbook
          </Button>
          <Button appearance="secondary" onClick={() => act(host.request('ignore', { id }))}>
            Ignore…
          </Button>
          <Button appearance="secondary" onClick={() => act(host.request('again', { id }))}>
            Run Again
          </Button>
          <code class="check-id dim">{id}</code>
        </div>
        {remedy.length > 0 && <Remedy page={page} finding={finding} report={report} />}
      </div>
    </article>
  );
}

interface DisclosureProps {
  open: boolean;
  /** Of what it opens. */
  id: string;
  toggle(): void;
  children: ComponentChildren;
}

export function Disclosure({ open, id, toggle, children }: DisclosureProps) {
  return (
    <h3 class="disclosure-head">
      <button type="button" class="disclosure" aria-expanded={open} aria-controls={id} onClick={toggle}>
        <span class={`twistie ${open ? 'open' : ''}`} aria-hidden />
        {children}
      </button>
    </h3>
  );
}

function Remedy({ page: { host, act }, finding, report }: FindingProps) {
  return (
    <section class="remedies" aria-label="What mends it">
      {sides.map(side => {
        const steps = finding.remedy.filter(step => step.side === side);
        const coordinator = coordinatorOf(report[side].address);
        return steps.map(({ nodes, sql, lock, rollback, verify }, i) => (
          <div key={`${side}${i}`} class={`remedy side-edge ${side}`}>
            <header>
              <h4>
                {`On the ${side}`}
                {nodes.length > 0 && <span class="dim">{`: ${placesWords(nodes, coordinator)}`}</span>}
              </h4>
              <Button
                appearance="secondary"
                aria-label={`Copy SQL for the ${side}`}
                onClick={() => act(host.request('copy', { text: sql }), () => 'Copied.')}
              >
                Copy
              </Button>
            </header>
            <div class="code">
              <pre>{visibleText(sql)}</pre>
            </div>
            <dl>
              <dt>Locks</dt>
              <dd>{lock}</dd>
              <dt>Rollback</dt>
              <dd>{rollback}</dd>
              <dt>Verify</dt>
              <dd>{verify}</dd>
            </dl>
          </div>
        ));
      })}
    </section>
  );
}

/** `coordinator pg:5432, workers w1:5432, w2:5432`; which is which is known where the side was reached. */
function placesWords(nodes: readonly string[], coordinator: string | undefined): string {
  if (coordinator === undefined) return nodes.join(', ');
  const workers = nodes.filter(node => node !== coordinator);
  const words = [
    ...(workers.length < nodes.length ? [`coordinator ${coordinator}`] : []),
    ...(workers.length > 0 ? [`${workers.length === 1 ? 'worker' : 'workers'} ${workers.join(', ')}`] : []),
  ];
  return words.join(', ');
}
