/** One line for each group that is not all well, one for all others together. A click shows that group alone. */
import { groupTitle } from '../../src/comparison/sentence';
import type { ComparisonReport } from '../../src/shared/comparison-report';
import type { Page } from './app';
import { SeverityPill } from './words';

export function Summary({ page, report }: { page: Page; report: ComparisonReport }) {
  const { layout, arrange } = page;
  const number = (count: number, name: string) => <td class={`numeric ${count > 0 ? name : 'dim'}`}>{count || '–'}</td>;
  const link = (group: string) => (
    <button
      type="button"
      class="link"
      aria-pressed={layout.group === group}
      onClick={() => arrange({ group: layout.group === group ? undefined : group })}
    >
      {groupTitle(group)}
    </button>
  );
  if (report.groups.length === 0) return null;
  const agreeing = report.groups.filter(({ fail, unknown, error }) => fail + unknown + error === 0);
  const others = report.groups.filter(group => !agreeing.includes(group));
  return (
    <section class="groups" aria-label="Groups">
      {others.length > 0 && (
        <table class="table fit">
          <thead>
            <tr>
              <th scope="col">Group</th>
              <th scope="col">Worst</th>
              <th scope="col" class="numeric">
                Differ
              </th>
              <th scope="col" class="numeric">
                Unknown
              </th>
              <th scope="col" class="numeric">
                Agree
              </th>
            </tr>
          </thead>
          <tbody>
            {others.map(({ group, worst, fail, unknown, error, pass }) => (
              <tr key={group}>
                <th scope="row">{link(group)}</th>
                <td>{worst ? <SeverityPill severity={worst} /> : ''}</td>
                {number(fail, 'failed-count')}
                {number(unknown + error, '')}
                {number(pass, '')}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {agreeing.length > 0 && (
        <p class="agreeing">
          <span class="dim">Agree in all:</span>
          {agreeing.map(({ group, pass }) => (
            <span key={group}>
              {link(group)} <span class="dim">{pass}</span>
            </span>
          ))}
        </p>
      )}
    </section>
  );
}
