/** Phases in their order, and what each step needs. */
import { factOf, type Phase, type Playbook, type Step } from '../playbook';
import type { Diagnostic, RuleCode } from './rules';

/** The phases of a move, in their order (the template's). A playbook may leave some out and have others of its own. */
export const phaseOrder = [
  'Comparison analysis',
  'Preliminary considerations',
  'Copy the old to the new',
  'Test each piece',
  'Simulate production',
  'Test in production',
  'Go live',
  'Monitor',
] as const;

const names = phaseOrder.map(normal);

/** Place of a phase in the order; -1 when it is the team's own. */
export function rankOf(title: string): number {
  const words = normal(title);
  return names.findIndex(name => words === name || words.startsWith(`${name} `));
}

function normal(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** The first phase of that name, as `Go live`. */
export function phaseNamed(playbook: Playbook, name: (typeof phaseOrder)[number]): Phase | undefined {
  return playbook.phases.find(({ title }) => rankOf(title.value) === phaseOrder.indexOf(name));
}

export function* lintPhases({ phases }: Playbook): Generator<Diagnostic> {
  let highest: { phase: Phase; rank: number } | undefined;
  for (const phase of phases) {
    const rank = rankOf(phase.title.value);
    if (rank < 0) continue;
    if (highest && rank < highest.rank) {
      const { title } = highest.phase;
      const message = `“${phase.title.value}” comes before “${title.value}” in a move. Put the phases in the order in which they happen.`;
      yield {
        code: 'phaseOrder',
        message,
        ...range(phase.title),
        related: { message: 'It stands here.', ...range(title) },
      };
    } else highest = { phase, rank };
  }
}

const needs: readonly { key: string; code: RuleCode; message: string }[] = [
  { key: 'owner', code: 'ownerMissing', message: 'Nobody owns this step. Add “- owner: …”.' },
  {
    key: 'reviewer',
    code: 'reviewerMissing',
    message: 'Nobody reviews this step. Add “- reviewer: …”, somebody other than the owner.',
  },
  { key: 'tools', code: 'toolsMissing', message: 'With which tools is this step done? Add “- tools: …”.' },
  {
    key: 'rollback',
    code: 'rollbackMissing',
    message: 'How is this step undone? Add “- rollback: …”, if only “nothing to undo”.',
  },
  { key: 'verify', code: 'verifyMissing', message: 'How does one see that this step worked? Add “- verify: …”.' },
];

/** Of a field that is there and empty the field is marked, of one that is missing the heading. */
export function* lintStep(step: Step): Generator<Diagnostic> {
  if (!step.done) {
    const message = 'This step has no checkbox. Add “- [ ] done”, so that everybody sees how far the move is.';
    yield { code: 'stepWithoutCheckbox', message, ...range(step.title) };
  }
  for (const { key, code, message } of needs) {
    if (factOf(step, key)) continue;
    const empty = step.facts.get(key);
    yield { code, message, ...(empty ? { start: empty.key.start, end: empty.value.end } : range(step.title)) };
  }
  const owner = factOf(step, 'owner');
  const reviewer = factOf(step, 'reviewer');
  if (!owner || !reviewer) return;
  const owners = people(owner.value.value);
  const others = people(reviewer.value.value).filter(name => !owners.includes(name));
  if (others.length === 0) {
    const message = `${reviewer.value.value} owns this step and would review it alone. Name somebody else: work in pairs.`;
    yield {
      code: 'reviewerIsOwner',
      message,
      ...range(reviewer.value),
      related: { message: 'The owner.', ...range(owner.value) },
    };
  }
}

/** `Antoine, Matthieu and Ada` are three. */
export function people(value: string): string[] {
  return value
    .split(/[,;/&+]|\band\b/)
    .map(name => name.trim().replace(/^@/, '').toLowerCase())
    .filter(name => name !== '');
}

export function range({ start, end }: { start: number; end: number }): { start: number; end: number } {
  return { start, end };
}
