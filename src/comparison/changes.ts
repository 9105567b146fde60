/** What changed from one comparison to a later one. Nothing is guessed: what one of them did not judge is said to be so. */
import type { ComparedCheck, Comparison } from '../shared/comparison';
import type { ComparisonChanges, ReportEvidence } from '../shared/comparison-report';
import { sides } from '../shared/side';
import { aboutCheck, reportEvidence } from './about-check';

/** By the checks' ids; in the order of the later comparison. */
export function changesSince(before: Comparison, after: Comparison): ComparisonChanges {
  const then = new Map(before.checks.map(check => [check.id, check]));
  const now = new Map(after.checks.map(check => [check.id, check]));
  const changes: ComparisonChanges = {
    since: before.at,
    otherSides: sides.filter(side => isOther(before[side].address, after[side].address)),
    ...{ appeared: [], vanished: [], changed: [], unchanged: [], undecided: [], untold: [] },
    onlyBefore: [...then.keys()].filter(id => !now.has(id)),
    onlyNow: [...now.keys()].filter(id => !then.has(id)),
  };
  for (const check of now.values()) {
    const earlier = then.get(check.id);
    if (earlier) sortIn(changes, earlier, check);
  }
  return changes;
}

/** A side that could not be reached has no address, which says nothing. */
function isOther(before: string | undefined, after: string | undefined): boolean {
  return before !== undefined && after !== undefined && before !== after;
}

function sortIn(changes: ComparisonChanges, before: ComparedCheck, after: ComparedCheck): void {
  const isJudged = ({ verdict }: ComparedCheck): boolean => verdict === 'fail' || verdict === 'pass';
  if (isJudged(before) !== isJudged(after))
    changes.undecided.push({ ...aboutCheck(after), before: before.verdict, after: after.verdict });
  else if (!isJudged(after)) changes.untold.push(after.id);
  else if (before.verdict === 'pass' && after.verdict === 'fail') changes.appeared.push(aboutCheck(after));
  else if (before.verdict === 'fail' && after.verdict === 'pass') changes.vanished.push(aboutCheck(before));
  else if (before.verdict === 'fail' && after.verdict === 'fail') {
    const evidence = evidenceChanges(before, after);
    const isSame = before.severity === after.severity && Object.values(evidence).every(list => list.length === 0);
    if (isSame) changes.unchanged.push(aboutCheck(after));
    else
      changes.changed.push({
        ...aboutCheck(after),
        severityBefore: before.severity,
        ...evidence,
        incomplete: before.unknown.length > 0 || after.unknown.length > 0,
      });
  }
}

function evidenceChanges(before: ComparedCheck, after: ComparedCheck) {
  const evidenceVanished = without(before.evidence.map(reportEvidence), after.evidence.map(reportEvidence));
  const evidenceAppeared = without(after.evidence.map(reportEvidence), before.evidence.map(reportEvidence));
  const evidenceChanged: { before: ReportEvidence; after: ReportEvidence }[] = [];
  const place = ({ what, node }: ReportEvidence): string => JSON.stringify([what, node]);
  // Where a thing stands several times on a node, which of them became which cannot be told.
  const gone = onlyOnes(evidenceVanished, place);
  const come = onlyOnes(evidenceAppeared, place);
  for (const [key, earlier] of gone) {
    const later = come.get(key);
    if (later) evidenceChanged.push({ before: earlier, after: later });
  }
  const isPaired = (each: ReportEvidence): boolean => evidenceChanged.some(pair => Object.values(pair).includes(each));
  return {
    evidenceAppeared: evidenceAppeared.filter(each => !isPaired(each)),
    evidenceVanished: evidenceVanished.filter(each => !isPaired(each)),
    evidenceChanged,
  };
}

/** As many times as it stands more often in the first list. */
function without(list: readonly ReportEvidence[], others: readonly ReportEvidence[]): ReportEvidence[] {
  const counts = new Map<string, number>();
  for (const other of others.map(each => JSON.stringify(each))) counts.set(other, (counts.get(other) ?? 0) + 1);
  return list.filter(each => {
    const key = JSON.stringify(each);
    const left = counts.get(key) ?? 0;
    counts.set(key, left - 1);
    return left <= 0;
  });
}

function onlyOnes<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item> {
  const byKey = new Map<string, Item[]>();
  for (const item of items) byKey.set(keyOf(item), [...(byKey.get(keyOf(item)) ?? []), item]);
  return new Map([...byKey].flatMap(([key, all]) => (all.length === 1 ? [[key, all[0]!]] : [])));
}
