import type { PlanDiffView } from '../../src/shared/plan-diff';
import { sides } from '../../src/shared/side';

export interface SettingRow {
  name: string;
  source: string | undefined;
  target: string | undefined;
  differs: boolean;
}

/** Settings that either side's plan depends on and that are not at their default there; differing ones first. */
export function settingRows(view: PlanDiffView): SettingRow[] {
  const names = new Set(sides.flatMap(side => Object.keys(view[side].settings ?? {})));
  // A side without a plan said nothing: that is no difference.
  const comparable = sides.every(side => view[side].status === 'ok');
  return [...names]
    .map(name => {
      const [source, target] = sides.map(side => view[side].settings?.[name]);
      return { name, source, target, differs: comparable && source !== target };
    })
    .sort((a, b) => Number(b.differs) - Number(a.differs) || a.name.localeCompare(b.name, 'en'));
}

export function SettingsTab({ view, settings }: { view: PlanDiffView; settings: SettingRow[] }) {
  const citus = sides.some(side => view[side].citusVersion !== undefined);
  return (
    <div class="pane">
      <p class="dim">
        Settings that influence planning and differ from their built-in default, as EXPLAIN (SETTINGS) lists them.
        {citus && ' On Citus these are the coordinator’s; a worker may run with others.'}
      </p>
      {settings.length === 0 ? (
        <p>Neither side reported any: planning ran with built-in defaults.</p>
      ) : (
        <table class="table">
          <thead>
            <tr>
              <th scope="col">setting</th>
              <th scope="col" class="mark" aria-label="mark" />
              <th scope="col" class="source">{`source · ${view.source.label}`}</th>
              <th scope="col" class="target">{`target · ${view.target.label}`}</th>
            </tr>
          </thead>
          <tbody>
            {settings.map(({ name, source, target, differs }) => (
              <tr key={name} class={differs ? 'changed' : ''}>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td class="mark">
                  {differs && (
                    <span role="img" aria-label="differs">
                      ≠
                    </span>
                  )}
                </td>
                <td>{source === undefined ? <span class="dim">default</span> : <code>{source}</code>}</td>
                <td>{target === undefined ? <span class="dim">default</span> : <code>{target}</code>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
