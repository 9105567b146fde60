import { visibleText } from '../../src/playbook/visible';
import type { PlanDiffView } from '../../src/shared/plan-diff';
import { sides } from '../../src/shared/side';

const classWords: Record<PlanDiffView['statement']['class'], string> = {
  read: 'Reads only.',
  write: 'Writes.',
  utility: 'A utility statement.',
  unknown: 'May write: it could not be told from the statement and the catalog.',
};

export function StatementTab({ view }: { view: PlanDiffView }) {
  const { sql, parameters } = view.statement;
  return (
    <div class="pane">
      <h3>Statement</h3>
      <p class="dim">{classWords[view.statement.class]}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section class="code" tabIndex={0} aria-label="Statement">
        <pre>{visibleText(sql)}</pre>
      </section>
      {parameters.length > 0 && (
        <>
          <h3>Parameters</h3>
          <table class="table fit">
            <thead>
              <tr>
                <th scope="col">name</th>
                <th scope="col">value</th>
              </tr>
            </thead>
            <tbody>
              {parameters.map(({ name, value }) => (
                <tr key={name}>
                  <th scope="row">
                    <code>{name}</code>
                  </th>
                  <td>{value === null ? <span class="dim">NULL</span> : <code>{value}</code>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
      <div class="by-side">
        {sides.map(side => (
          <section key={side} class={`sent ${side}`} aria-label={`Sent to the ${side}`}>
            <h3>{`Sent to the ${side}`}</h3>
            {view[side].sent.length === 0 ? (
              <p class="dim">Nothing.</p>
            ) : (
              <ol>
                {view[side].sent.map((text, i) => (
                  <li key={i}>
                    <pre class="code">{text}</pre>
                  </li>
                ))}
              </ol>
            )}
            {view[side].notices.length > 0 && (
              <>
                <h4>Notices</h4>
                <ul>
                  {view[side].notices.map((notice, i) => (
                    <li key={i}>{notice}</li>
                  ))}
                </ul>
              </>
            )}
          </section>
        ))}
      </div>
    </div>
  );
}
