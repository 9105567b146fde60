/** Both sides to one scale: figures, where the time goes, every task. */
import { formatCost, formatCount, formatMs } from '../../src/shared/format';
import type { PlanDiffView, SideView } from '../../src/shared/plan-diff';
import { type Side, sides } from '../../src/shared/side';
import { Button } from '../common/controls';
import { plural, shortRatio } from '../common/format';
import { ErrorText } from '../common/messages';
import { Composition, compositionScaleMs, Legend } from './composition';
import { placeAt } from './format';
import { TaskBars, tasksLine } from './tasks';

interface SidesProps {
  view: PlanDiffView;
  /** Its own figures say nothing of what runs inside. */
  isCall: boolean;
  analyze(): void;
}

export function Sides({ view, isCall, analyze }: SidesProps) {
  const scaleMs = compositionScaleMs(view);
  const taskMs = sides.flatMap(side => view[side].tasks?.list.map(task => task.executionMs ?? 0) ?? []);
  const slowestTaskMs = taskMs.reduce((slowest, each) => Math.max(slowest, each), 0);
  const { verdict } = view;
  const measure = verdict.basis === 'totalCost' ? 'estimated cost' : 'execution time';
  return (
    <>
      <section class="sides" aria-label="Sides">
        <SideCard
          view={view}
          side="source"
          isCall={isCall}
          scaleMs={scaleMs}
          slowestTaskMs={slowestTaskMs}
          analyze={analyze}
        />
        <div class={`between ${verdict.tone}`}>
          {verdict.ratio !== undefined && (
            <span
              role="img"
              aria-label={`Target to source, ${measure}: ${shortRatio(verdict.ratio)}`}
              title={`${measure}, target / source`}
            >
              {shortRatio(verdict.ratio)}
              {verdict.basis === 'totalCost' && <small>cost</small>}
            </span>
          )}
        </div>
        <SideCard
          view={view}
          side="target"
          isCall={isCall}
          scaleMs={scaleMs}
          slowestTaskMs={slowestTaskMs}
          analyze={analyze}
        />
      </section>
      {!isCall && <Legend view={view} />}
    </>
  );
}

interface CardProps {
  view: PlanDiffView;
  isCall: boolean;
  side: Side;
  scaleMs: number;
  slowestTaskMs: number;
  analyze(): void;
}

function SideCard({ view, side: name, isCall, scaleMs, slowestTaskMs, analyze }: CardProps) {
  const side = view[name];
  const about = [
    side.label,
    side.postgresVersion && `PostgreSQL ${side.postgresVersion}`,
    side.citusVersion && `Citus ${side.citusVersion}`,
  ].filter(Boolean);
  return (
    <section class={`side ${name}`} aria-label={`${name}: ${side.label}`}>
      <h2>{name}</h2>
      <div class="side-about" title={[...about, side.address].filter(Boolean).join(' · ')}>
        {about.join(' · ')}
        {side.address !== undefined && <span class="side-address">{` · ${side.address}`}</span>}
      </div>
      {side.error ? (
        <div class="side-error" role="alert">
          <ErrorText
            error={side.error}
            place={side.error.position === undefined ? undefined : placeAt(view.statement.sql, side.error.position)}
          />
        </div>
      ) : (
        <>
          <div class="side-figures">
            <div>
              <BigFigure side={side} analyze={view.analyzed ? undefined : analyze} />
              {!isCall && (
                <div class="small-figures dim" title={smallFigures(side)}>
                  {smallFigures(side)}
                </div>
              )}
            </div>
            {side.tasks && <TaskBars tasks={side.tasks} slowestMs={slowestTaskMs} />}
          </div>
          {!isCall && <Composition side={side} scaleMs={scaleMs} />}
        </>
      )}
    </section>
  );
}

function BigFigure({ side, analyze }: { side: SideView; analyze: (() => void) | undefined }) {
  const { executionMs, planningMs, totalCost, tasks } = side;
  const about = [planningMs !== undefined && `planning ${formatMs(planningMs)}`, tasks && tasksLine(tasks)].filter(
    Boolean,
  );
  return (
    <div class="big">
      {executionMs !== undefined ? (
        <span class="figure" title={`Execution Time: ${executionMs} ms`}>
          {formatMs(executionMs)}
        </span>
      ) : totalCost !== undefined ? (
        <span class="figure" title={`Total Cost: ${totalCost}`}>
          <small>cost</small> {formatCost(totalCost)}
        </span>
      ) : (
        <span class="figure">—</span>
      )}
      <small class="big-about" title={about.join(' · ')}>
        {about.join(' · ')}
      </small>
      {analyze && (
        <Button appearance="secondary" class="inline-action" onClick={analyze}>
          Analyze to measure
        </Button>
      )}
    </div>
  );
}

/** The figures people compare next, in one line. */
function smallFigures(side: SideView): string {
  const parts: string[] = [];
  if (side.executionMs !== undefined && side.totalCost !== undefined) parts.push(`cost ${formatCost(side.totalCost)}`);
  if (side.rowsActual !== undefined) parts.push(plural(side.rowsActual, 'row'));
  else if (side.rowsEstimated !== undefined) parts.push(`${plural(side.rowsEstimated, 'row')} estimated`);
  if (side.buffers) {
    const { sharedHit, sharedRead, tempRead, tempWritten } = side.buffers;
    parts.push(
      `${plural(sharedHit + sharedRead, 'page')}${sharedRead > 0 ? ` (${formatCount(sharedRead)} read)` : ''}`,
    );
    if (tempRead + tempWritten > 0) parts.push(`${formatCount(Math.max(tempRead, tempWritten))} temp`);
  }
  if (side.jit) {
    const { totalMs, functions, inlining, optimization } = side.jit;
    const how = [inlining && 'inlined', optimization && 'optimized'].filter(Boolean).join(', ');
    const much = side.executionMs === undefined ? plural(functions, 'function') : formatMs(totalMs);
    parts.push(`JIT ${much}${how && ` (${how})`}`);
  } else if (side.executionMs !== undefined) parts.push('no JIT');
  return parts.join(' · ');
}
