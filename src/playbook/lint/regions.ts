/** Regions that could not be written anew, findings, and words that refer to something that is not there. */
import type { Playbook, PlaybookFinding } from '../playbook';
import { references } from '../references';
import type { Diagnostic } from './rules';
import { phaseNamed, phaseOrder, range, rankOf } from './steps';

export function* lintRegions(playbook: Playbook): Generator<Diagnostic> {
  const { regions, checks, findings, text } = playbook;
  const owned = new Set(checks.map(({ region }) => region));
  for (const region of regions) {
    const what = region.kind === 'finding' ? 'finding' : 'result';
    if (region.broken) {
      const { by, line } = region.broken;
      const where = by === 'end' ? 'before the document ends' : `before line ${line}`;
      const message = `The ${what} ${region.id} is not closed ${where}. Put <!-- /cutover:${region.kind} --> where it ends.`;
      yield { code: 'regionBroken', message, ...range(region) };
    } else if (region.kind === 'result' && !owned.has(region)) {
      const message = `This result does not stand right below its check, so that it is never replaced. Remove it.`;
      const end = region.start + text.slice(region.start, region.end).search(/\r|\n|$/);
      yield { code: 'resultWithoutCheck', message, start: region.start, end };
    }
  }
  const byId = new Map<string, PlaybookFinding>();
  for (const finding of findings) {
    const first = byId.get(finding.id);
    if (!first) byId.set(finding.id, finding);
    else {
      const message = `The finding ${finding.id} stands on line ${first.region.line} already, so that it cannot be recorded again. Remove one of them.`;
      const place = range(finding.heading ?? finding.region);
      yield {
        code: 'findingTwice',
        message,
        ...place,
        related: { message: 'It stands here, too.', ...range(first.region) },
      };
    }
  }
}

export function* lintReferences(playbook: Playbook): Generator<Diagnostic> {
  for (const { kind, id, target, start, end } of references(playbook)) {
    if (target) continue;
    yield { code: 'referenceUnknown', message: `There is no ${kind} ${id} in this playbook.`, start, end };
  }
}

/** A finding that nobody settled. */
export function isOpen({ status }: PlaybookFinding): boolean {
  return status === undefined || status === 'open';
}

/** Work on “Go live” has begun, or all that should come before it is done. */
export function hasReachedGoLive(playbook: Playbook): boolean {
  const goLive = phaseNamed(playbook, 'Go live');
  if (!goLive) return false;
  const later = playbook.phases.filter(phase => phase.start >= goLive.start);
  if (later.some(({ steps }) => steps.some(step => step.done?.value || step.facts.get('started')?.value.value)))
    return true;
  const before = playbook.phases.filter(phase => phase.start < goLive.start).flatMap(({ steps }) => steps);
  return before.length > 0 && before.every(({ done }) => done?.value);
}

export function* lintGoLive(playbook: Playbook): Generator<Diagnostic> {
  if (!hasReachedGoLive(playbook)) return;
  const goLive = range(phaseNamed(playbook, 'Go live')!.title);
  for (const finding of playbook.findings) {
    if (finding.severity !== 'high' || !isOpen(finding)) continue;
    const message = `The finding “${finding.heading?.value ?? finding.id}” is of high severity and open. Mend it, or settle it with status=accepted in its marker, before going on.`;
    const place = range(finding.heading ?? finding.region);
    yield {
      code: 'findingOpenAtGoLive',
      message,
      ...place,
      related: { message: 'The move has reached this phase.', ...goLive },
    };
  }
}

/** The rehearsal of the way back is a step done in “Preliminary considerations” or “Simulate production” that says so. */
export function* lintRehearsal(playbook: Playbook): Generator<Diagnostic> {
  if (!hasReachedGoLive(playbook)) return;
  const rehearsing = new Set([
    phaseOrder.indexOf('Preliminary considerations'),
    phaseOrder.indexOf('Simulate production'),
  ]);
  const candidates = playbook.phases
    .filter(({ title }) => rehearsing.has(rankOf(title.value)))
    .flatMap(({ steps }) => steps);
  const about = candidates.filter(({ title }) =>
    /rehears|way back|rollback|roll back|recover|restore/i.test(title.value),
  );
  if (about.some(({ done }) => done?.value)) return;
  const message = 'No step says that the way back was rehearsed. Walk it once, with a clock, and mark that step done.';
  yield { code: 'rollbackNotRehearsed', message, ...range(phaseNamed(playbook, 'Go live')!.title) };
}
