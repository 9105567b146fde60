import type { Cause, Diagnosis, Evidence, Experiment } from '../../shared/diagnosis';
import { formatMs, formatNumber } from '../../shared/format';

/** Begins the evidence that an experiment gave, so that the next proof replaces it. */
const byExperiment = 'Experiment: ';

/** `enable_nestloop = on, jit = off`. */
export function changedText(changed: Experiment['changed']): string {
  return changed.map(({ name, to }) => `${name} = ${to}`).join(', ');
}

/**
 * The diagnosis with what experiments showed. A cause is `verified` when one with its settings explains the difference;
 * it gets the figures as evidence, as does one whose experiment came to nothing. Verified causes stand first. Where no
 * cause was verified, a setting that explains although no rule named it becomes a cause of its own.
 */
export function withExperiments(
  diagnosis: Diagnosis,
  experiments: readonly Experiment[],
  notes: readonly string[],
): Diagnosis {
  const named = diagnosis.causes.map(cause => proved(cause, experiments));
  const causes = named.some(isVerified) ? named : [...named, ...unnamed(named, experiments)];
  const best = bestOf(experiments);
  return {
    ...diagnosis,
    sentence: `${diagnosis.sentence.split(provenMark)[0]}${best ? provenSentence(best) : ''}`,
    causes: [...causes.filter(isVerified), ...causes.filter(cause => !isVerified(cause))],
    experiments: [...experiments],
    notes: [...new Set([...diagnosis.notes, ...notes])],
  };
}

function isVerified({ confidence }: Cause): boolean {
  return confidence === 'verified';
}

/** Of those that explain, the one with the fewest changes that leaves the least time. */
function bestOf(experiments: readonly Experiment[]): Experiment | undefined {
  return experiments
    .filter(({ outcome }) => outcome === 'explains')
    .sort((a, b) => a.changed.length - b.changed.length || a.ratio!.median - b.ratio!.median)[0];
}

const provenMark = ' Proven: ';

function provenSentence({ changed, unchanged, changedTo, explainedShare }: Experiment): string {
  // Beyond 100 %: quicker than the other side.
  const share = explainedShare === undefined ? '' : `, ${percent(Math.min(1, explainedShare))} of the difference`;
  return `${provenMark}with ${changedText(changed)} it takes ${formatMs(changedTo!.median)} instead of ${formatMs(unchanged!.median)}${share}.`;
}

function percent(share: number): string {
  return `${formatNumber(share * 100)} %`;
}

function proved(cause: Cause, experiments: readonly Experiment[]): Cause {
  const own = experiments.filter(({ tests }) => tests.includes(cause.id));
  const explaining = own.filter(({ outcome }) => outcome === 'explains');
  const evidence = [...cause.evidence.filter(({ what }) => !what.startsWith(byExperiment)), ...own.flatMap(evidenceOf)];
  return explaining.length > 0 ? { ...cause, confidence: 'verified', evidence } : { ...cause, evidence };
}

function evidenceOf(experiment: Experiment): Evidence[] {
  const { changed, side, unchanged, changedTo, ratio, outcome } = experiment;
  if (!unchanged || !changedTo || !ratio) return [];
  const effect = { explains: '', helps: '', noEffect: ', no effect', worse: ', slower', unclear: ', unclear' }[
    outcome as 'explains'
  ];
  const text = `${formatMs(unchanged.median)} → ${formatMs(changedTo.median)}${effect ?? ''}`;
  return [{ what: `${byExperiment}${changedText(changed)}`, [side]: text }];
}

/** Settings that explain although no rule named them. */
function unnamed(named: readonly Cause[], experiments: readonly Experiment[]): Cause[] {
  return experiments
    .filter(({ outcome, tests }) => outcome === 'explains' && !named.some(({ id }) => tests.includes(id)))
    .map(causeOf);
}

function causeOf(experiment: Experiment): Cause {
  const { changed, side, unchanged, changedTo, explainedShare } = experiment;
  const values = (pick: 'from' | 'to') => changed.map(each => `${each.name} = ${each[pick]}`).join(', ');
  const other = side === 'source' ? 'target' : 'source';
  const cause: Cause = {
    id: settingCause,
    side,
    title: `${values('from')} makes it slower: ${formatMs(unchanged!.median)} against ${formatMs(changedTo!.median)} with ${values('to')}`,
    meaning: 'A planner setting differs between the sides, and the statement is slower for it.',
    confidence: 'verified',
    explainedMs: unchanged!.median - changedTo!.median,
    evidence: [
      ...changed.map(({ name, from, to }) => ({ what: name, [side]: from, [other]: to }) as Evidence),
      ...evidenceOf(experiment),
    ],
    reference: 'PostgreSQL documentation, "Query Planning"; measured by the experiment',
    rows: [],
  };
  if (explainedShare !== undefined) cause.explainedShare = Math.min(1, Math.max(0, explainedShare));
  return cause;
}

/** The catalogue's id for settings that differ. */
const settingCause = 'settings.planner';
