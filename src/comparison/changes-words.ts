/** Changes in words, for the page, the command line and Markdown alike. Plain text, in which names of a server may stand. */
import type { ComparisonChanges, ReportEvidence } from '../shared/comparison-report';

export interface ChangeLine {
  kind: 'appeared' | 'vanished' | 'changed' | 'undecided';
  id: string;
  /** What follows the id. */
  words: string;
  /** A line for each thing that changed within the finding. */
  evidence: string[];
}

/** News first; what did not change is in {@link changesSentences}. */
export function changeLines({ appeared, vanished, changed, undecided }: ComparisonChanges): ChangeLine[] {
  return [
    ...appeared.map(({ id, severity, summary }): ChangeLine => {
      return { kind: 'appeared', id, words: `appeared (${severity}): ${summary}`, evidence: [] };
    }),
    ...changed.map(({ id, severity, severityBefore, summary, incomplete, ...evidence }): ChangeLine => {
      const grade = severityBefore === severity ? severity : `${severityBefore} then, ${severity} now`;
      const lines = [
        ...evidence.evidenceAppeared.map(each => `new: ${evidenceWords(each)}`),
        ...evidence.evidenceVanished.map(each => `gone: ${evidenceWords(each)}`),
        ...evidence.evidenceChanged.map(
          ({ before, after }) => `then ${evidenceWords(before)}; now ${valueWords(after)}`,
        ),
      ];
      if (incomplete) lines.push('not all of it could be judged, then or now: some may have changed unseen');
      return { kind: 'changed', id, words: `changed (${grade}): ${summary}`, evidence: lines };
    }),
    ...vanished.map(({ id, severity, summary }): ChangeLine => {
      return { kind: 'vanished', id, words: `went away (${severity}): ${summary}`, evidence: [] };
    }),
    ...undecided.map(({ id, before, after, summary }): ChangeLine => {
      return {
        kind: 'undecided',
        id,
        words: `cannot be judged (${before} then, ${after} now): ${summary}`,
        evidence: [],
      };
    }),
  ];
}

/** The counts, and what the comparison rests on; a sentence each. */
export function changesSentences(changes: ComparisonChanges): string[] {
  const { appeared, vanished, changed, unchanged, undecided, untold, onlyBefore, onlyNow, otherSides } = changes;
  const parts: [readonly unknown[], string][] = [
    [appeared, 'appeared'],
    [changed, 'changed'],
    [vanished, 'went away'],
    [undecided, 'cannot be judged'],
    [unchanged, 'still there as before'],
  ];
  const said = parts.flatMap(([list, words]) => (list.length > 0 ? [`${list.length} ${words}`] : []));
  const sentences = [said.length > 0 ? `Findings: ${said.join(', ')}.` : 'No finding that was or is there.'];
  if (unchanged.length > 0) sentences.push(`Still there: ${names(unchanged.map(({ id }) => id))}.`);
  if (untold.length > 0) sentences.push(`Not judged, then or now: ${names(untold)}.`);
  for (const side of otherSides) sentences.push(`The ${side} was another server or database then.`);
  if (onlyBefore.length > 0) sentences.push(`Asked then and not now: ${names(onlyBefore)}.`);
  if (onlyNow.length > 0) sentences.push(`Asked now and not then: ${names(onlyNow)}.`);
  return sentences;
}

/** A comparison of one group with one of all leaves out most of them. */
const maxNames = 8;

function names(ids: readonly string[]): string {
  const more = ids.length - maxNames;
  const shown = ids.slice(0, maxNames).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function evidenceWords(evidence: ReportEvidence): string {
  const { what, node } = evidence;
  const values = valueWords(evidence);
  return `${what}${node === null ? '' : ` on ${node}`}${values === '' ? '' : `: ${values}`}`;
}

function valueWords({ source, target }: ReportEvidence): string {
  return [source !== null && `source ${source}`, target !== null && `target ${target}`].filter(Boolean).join(', ');
}
