/** One line for each group: what differs, what could not be told, what agrees. A click shows that group alone. */
import { groupTitle } from '../../src/comparison/sentence';
import type { ComparisonReport } from '../../src/shared/comparison-report';
import type { Page } from './app';
import { SeverityPill } from './words';

export function Summary({ page, report }: { page: Page; report: ComparisonReport }) {
  const { layout, arrange } = page;
  const number = (count: number, name: string) => <td class={`numeric ${count > 0 ? name : 'dim'}`}>{count || '–'}</td>;
  if (report.groups.length === 0) return null;
  return (
    <section class="groups" aria-label="Groups">
      <table class="table fit">
        <thead>
          <tr>
            <th scope="col">Group</th>
            <th scope="col">Worst</th>
            <th scope="col" class="numeric">
              Differ
            </th>
            <th scope="col" class="numeric">
              Not told
            </th>
            <th scope="col" class="numeric">
              Agree
            </th>
          </tr>
        </thead>
        <tbody>
          {report.groups.map(({ group, worst, fail, unknown, error, pass }) => (
            <tr key={group}>
              <th scope="row">
                <button
                  type="button"
                  class="link"
                  aria-pressed={layout.group === group}
                  onClick={() => arrange({ group: layout.group === group ? undefined : group })}
                >
                  {groupTitle(group)}
                </button>
              </th>
              <td>{worst ? <SeverityPill severity={worst} /> : ''}</td>
              {number(fail, 'failed-count')}
              {number(unknown + error, '')}
              {number(pass, '')}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
