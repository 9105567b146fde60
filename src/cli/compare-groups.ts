import { catalogue } from '../checks/catalogue';
import { nearSpelling } from '../shared/near-spelling';
import { UsageError } from './usage';

/** @throws UsageError: a pipeline must not go on because of a slip of the pen. */
export function checkGroups(names: readonly string[]): void {
  const groups = [...new Set(catalogue.map(({ group }) => group))];
  for (const name of names) {
    if (groups.includes(name)) continue;
    const near = nearSpelling(name, groups);
    const next = `${near === undefined ? '' : `Do you mean ${near}? `}There are ${groups.join(', ')}.`;
    throw new UsageError(`There is no group "${name}" of checks.`, next);
  }
}
