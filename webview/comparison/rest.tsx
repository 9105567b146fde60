/** Below the differences: what is ignored, what could not be judged and asked, what agrees. */
import type { ComponentChildren } from 'preact';
import { foldGaps } from '../../src/comparison/gaps';
import type { ComparisonReport, ReportPlain } from '../../src/shared/comparison-report';
import { Button } from '../common/controls';
import { atText } from '../common/format';
import type { Page } from './app';
import { isShown } from './filter';
import { Disclosure } from './finding';
import { SeverityPill } from './words';

interface RestProps {
  page: Page;
  report: ComparisonReport;
}

interface SectionProps<Item> {
  page: Page;
  name: string;
  title: string;
  items: readonly Item[];
  /** Open until somebody closes it. */
  open?: boolean;
  children(item: Item): ComponentChildren;
}

function Section<Item extends ReportPlain>({
  page,
  name,
  title,
  items,
  open: isOpen = false,
  children,
}: SectionProps<Item>) {
  const { layout, arrange } = page;
  const shown = items.filter(item => isShown(layout, item));
  const open = layout.sections[name] ?? isOpen;
  const toggle = () => arrange({ sections: { ...layout.sections, [name]: !open } });
  if (items.length === 0) return null;
  return (
    <section class={`rest ${name}`} aria-label={title}>
      <Disclosure open={open} id={`section-${name}`} toggle={toggle}>
        <span class="rest-title">{title}</span>
        <span class="dim">{shown.length === items.length ? items.length : `${shown.length} of ${items.length}`}</span>
      </Disclosure>
      <ul id={`section-${name}`} hidden={!open}>
        {shown.map(item => (
          <li key={item.id} data-check={item.id}>
            {children(item)}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Ignored({ page, report }: RestProps) {
  const { host, act } = page;
  return (
    <Section page={page} name="ignored" title="Ignored" items={report.ignored}>
      {({ id, severity, title, summary, reason, at }) => (
        <div class="rest-line">
          <div>
            <SeverityPill severity={severity} /> <b>{title}</b> <span class="dim">{summary}</span>
            <div class="reason" title={at}>{`${reason} (${atText(at)})`}</div>
          </div>
          <Button
            appearance="secondary"
            aria-label={`Stop ignoring ${title}`}
            onClick={() => act(host.request('unignore', { id }))}
          >
            Stop Ignoring
          </Button>
        </div>
      )}
    </Section>
  );
}

/** Of more than that, the others are in a part that opens. */
const maxNodes = 8;

function Places({ nodes }: { nodes: readonly string[] }) {
  if (nodes.length === 0) return null;
  const more = nodes.slice(maxNodes);
  return (
    <span class="dim">
      {` on ${nodes.slice(0, maxNodes).join(', ')}${more.length > 0 ? ', ' : ''}`}
      {more.length > 0 && (
        <details class="more-nodes">
          <summary>{`and ${more.length} more`}</summary>
          {more.join(', ')}
        </details>
      )}
    </span>
  );
}

export function Unknown({ page, report }: RestProps) {
  const { host, act } = page;
  return (
    <Section page={page} name="unknown" title="Could not be judged" items={report.unknown} open>
      {({ title, gaps }) => (
        <>
          <b>{title}</b>
          <ul class="gaps">
            {foldGaps(gaps).map(({ what, nodes, grant }, i) => (
              <li key={i}>
                {what}
                <Places nodes={nodes} />
                {grant !== null && (
                  <div class="grant">
                    <code>{grant}</code>
                    <Button
                      appearance="secondary"
                      aria-label={`Copy ${grant}`}
                      onClick={() => act(host.request('copy', { text: grant }), () => 'Copied.')}
                    >
                      Copy
                    </Button>
                  </div>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  );
}

export function Errors({ page, report }: RestProps) {
  return (
    <Section page={page} name="errors" title="Could not be asked" items={report.errors} open>
      {({ title, summary }) => (
        <>
          <b>{title}</b> <span class="dim">{summary}</span>
        </>
      )}
    </Section>
  );
}

/** Of one group all of which agrees, as of figures that were measured, what was found is what one wants to read. */
export function Passed({ page, report }: RestProps) {
  const open = report.groups.length === 1 && report.findings.length === 0;
  return (
    <Section page={page} name="passed" title="Agrees" items={report.passed} open={open}>
      {({ title, summary, remarks }) => (
        <>
          <b>{title}</b> <span class="dim">{summary}</span>
          {remarks.length > 0 && (
            <ul class="remarks">
              {remarks.map((remark, i) => (
                <li key={i}>{remark}</li>
              ))}
            </ul>
          )}
        </>
      )}
    </Section>
  );
}
