/** The statements inside a function or procedure, with their share of the call's time on each side. */
import { visibleText } from '../../src/playbook/visible';
import { formatCount, formatMs, formatMsFigure, formatRatio, formatShare } from '../../src/shared/format';
import type { CallView, NestedSide, NestedStatement, NestedTime } from '../../src/shared/nested';
import type { PlanDiffView } from '../../src/shared/plan-diff';
import { sides } from '../../src/shared/side';
import { Button } from '../common/controls';

interface CallTabProps {
  view: PlanDiffView;
  call: CallView;
  openPlans(id: string): void;
}

const timeWords: Record<NestedTime, string> = {
  autoExplain: 'measured in the call itself, with its plan',
  statistics: 'measured in the call itself, by pg_stat_statements',
  explainAnalyze: 'run once on its own, after the call',
  none: 'not executed on this side',
};

export function CallTab({ view, call, openPlans }: CallTabProps) {
  return (
    <div class="pane">
      {call.statements.length === 0 ? (
        <p>No statement was found inside.</p>
      ) : (
        <table class="table calls">
          <thead>
            <tr>
              <th scope="col">statement</th>
              {sides.map(side => (
                <th key={side} scope="col" class={`numeric ${side}`} title={view[side].label}>
                  {`${side}, ms`}
                </th>
              ))}
              <th scope="col" class="numeric">
                ratio
              </th>
              <th scope="col" aria-label="actions" />
            </tr>
          </thead>
          <tbody>
            {call.statements.map(statement => (
              <StatementRow key={statement.id} statement={statement} open={() => openPlans(statement.id)} />
            ))}
          </tbody>
        </table>
      )}
      <div class="by-side">
        {sides.map(side => (
          <section key={side} class={side} aria-label={`How the ${side} was asked`}>
            <h3>{`${side}${call[side].executionMs === undefined ? '' : `: the whole call took ${formatMs(call[side].executionMs!)}`}`}</h3>
            <p class="dim">
              {call[side].executed ? 'The call was executed and rolled back.' : 'The call was not executed here.'}
              {call[side].how.length > 0 && ` Statements found by: ${call[side].how.join('; ')}.`}
            </p>
            {call[side].missing.length > 0 && (
              <ul>
                {call[side].missing.map((text, i) => (
                  <li key={i}>{text}</li>
                ))}
              </ul>
            )}
          </section>
        ))}
      </div>
    </div>
  );
}

function StatementRow({ statement, open }: { statement: NestedStatement; open(): void }) {
  const { title, sql, depth, routine, line, source, target, unresolved } = statement;
  const ratio =
    source?.executionMs && target?.executionMs !== undefined ? target.executionMs / source.executionMs : undefined;
  return (
    <tr>
      <th scope="row" style={{ paddingLeft: `${8 + 16 * depth}px` }}>
        <code title={visibleText(sql)}>{title}</code>
        {routine !== undefined && (
          <div class="dim">{`${routine}${line === undefined ? '' : `, line ${formatCount(line)}`}`}</div>
        )}
        {unresolved.map((text, i) => (
          <div key={i} class="dim">
            {text}
          </div>
        ))}
      </th>
      <SideCell side={source} />
      <SideCell side={target} />
      <td class={`numeric ${ratio !== undefined && ratio > 1.1 ? 'worse' : ''}`}>
        {ratio === undefined ? '' : formatRatio(ratio)}
      </td>
      <td>
        {statement.view && (
          <Button appearance="secondary" class="inline-action" onClick={open}>
            Plans
          </Button>
        )}
      </td>
    </tr>
  );
}

function SideCell({ side }: { side: NestedSide | undefined }) {
  if (!side) return <td class="numeric dim">—</td>;
  const { executionMs, share, calls, jitMs, timeFrom, nodes } = side;
  const about = [
    timeWords[timeFrom],
    ...(nodes ?? []).map(
      ({ node, calls: tasks, totalMs, jitMs: jit }) =>
        `${node}: ${formatMs(totalMs)} in ${formatCount(tasks)} tasks${jit ? `, JIT ${formatMs(jit)}` : ''}`,
    ),
  ].join('\n');
  const small = [
    share !== undefined && formatShare(share),
    calls !== undefined && calls !== 1 && `${formatCount(calls)} calls`,
    jitMs !== undefined && jitMs > 0 && `JIT ${formatMs(jitMs)}`,
  ].filter(Boolean);
  return (
    <td class="numeric" title={about}>
      {executionMs === undefined ? <span class="dim">not run</span> : formatMsFigure(executionMs)}
      {small.length > 0 && <div class="dim">{small.join(' · ')}</div>}
      {share !== undefined && (
        <span class="share-bar" aria-hidden>
          <span class="part other" style={{ width: `${100 * Math.min(1, share)}%` }} />
        </span>
      )}
    </td>
  );
}
