/** Which checks of a playbook are meant by --phase and --id, and how each of them is asked. */
import { askedCheck } from '../diagnosis/asked-check';
import type { AskedCheck } from '../diagnosis/run-checks';
import type { Playbook, PlaybookCheck } from '../playbook/playbook';
import { nearSpelling } from '../shared/near-spelling';
import type { CheckArguments } from './check-arguments';
import { UsageError } from './usage';

export interface ChosenCheck {
  check: PlaybookCheck;
  asked: AskedCheck;
}

export interface Choice {
  /** In the order of the playbook. */
  chosen: ChosenCheck[];
  others: PlaybookCheck[];
}

/** @throws UsageError when nothing would be asked: a pipeline must not go on because of a slip of the pen. */
export function chooseChecks(
  playbook: Playbook,
  { file, phase, ids }: Pick<CheckArguments, 'file' | 'phase' | 'ids'>,
): Choice {
  const byName = new Map<string, ChosenCheck>();
  for (const check of playbook.checks) {
    const asked = askedCheck(check);
    const first = byName.get(asked.id);
    if (!first) byName.set(asked.id, { check, asked });
    else {
      const lines = `on lines ${first.check.line} and ${check.line}`;
      const message = `The check stands twice, ${lines}: a result must belong to one. Rename one of them.`;
      first.asked = { id: asked.id, kind: 'malformed', message };
    }
  }
  const all = [...byName.values()];
  if (all.length === 0) throw new UsageError(`${file} has no checks.`, 'Write one: a fence that begins ```sql check.');
  for (const id of ids) if (!byName.has(id)) throw unknownId(id, [...byName.keys()], file);
  const phases = phase === undefined ? undefined : phasesNamed(phase, playbook, file);
  const isChosen = ({ check, asked }: ChosenCheck): boolean =>
    phases ? check.phase !== undefined && phases.has(check.phase) : ids.length === 0 || ids.includes(asked.id);
  const chosen = all.filter(isChosen);
  if (chosen.length === 0)
    throw new UsageError(`The phase ${phase} of ${file} has no checks.`, 'Name another one, or leave out --phase.');
  return { chosen, others: all.filter(each => !isChosen(each)).map(({ check }) => check) };
}

function unknownId(id: string, known: readonly string[], file: string): UsageError {
  const near = nearSpelling(id, known);
  const next = `${near === undefined ? '' : `Do you mean ${near}? `}There are ${known.join(', ')}.`;
  return new UsageError(`There is no check ${id} in ${file}.`, next);
}

/** By its whole title, else by a beginning that fits one title only. */
function phasesNamed(name: string, { phases }: Playbook, file: string): Set<Playbook['phases'][number]> {
  const wanted = name.toLowerCase();
  const titleOf = (phase: Playbook['phases'][number]): string => phase.title.value.toLowerCase();
  const exact = phases.filter(phase => titleOf(phase) === wanted);
  const found = exact.length > 0 ? exact : phases.filter(phase => titleOf(phase).startsWith(wanted));
  const titles = [...new Set((found.length > 0 ? found : phases).map(({ title }) => title.value))];
  if (found.length > 0 && titles.length === 1) return new Set(found);
  const list = titles.length > 0 ? `There are: ${titles.join('; ')}.` : 'It has no phases: headings of level 2.';
  throw found.length > 0
    ? new UsageError(`Several phases of ${file} begin with ${name}.`, list)
    : new UsageError(`There is no phase ${name} in ${file}.`, list);
}
