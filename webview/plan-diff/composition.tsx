/** Where the time goes: one bar per side, both to one scale, and what the colours mean. */
import { formatMs, formatMsFigure } from '../../src/shared/format';
import { type Category, categories, type PlanDiffView, type SideView } from '../../src/shared/plan-diff';
import { type Side, sides } from '../../src/shared/side';

const categoryWords: Record<Category, string> = {
  jit: 'JIT',
  scan: 'scan',
  join: 'join',
  sort: 'sort',
  aggregate: 'aggregate',
  write: 'write',
  coordinator: 'coordinator, network',
  other: 'other',
};

/** What both bars are drawn to. */
export function compositionScaleMs(view: PlanDiffView): number {
  const composed = (side: SideView) => side.composition.reduce((sum, part) => sum + part.ms, 0);
  return Math.max(...sides.map(side => Math.max(composed(view[side]), view[side].executionMs ?? 0)));
}

export function Composition({ side, scaleMs }: { side: SideView; scaleMs: number }) {
  const parts = side.composition.filter(part => part.ms > 0);
  if (parts.length === 0) return <div class="composition empty" />;
  const words = parts.map(part => `${categoryWords[part.category]} ${formatMs(part.ms)}`);
  return (
    <div class="composition" role="img" aria-label={`Where the time goes: ${words.join(', ')}`}>
      {parts.map((part, i) => (
        <span
          key={part.category}
          class={`part ${part.category}`}
          style={{ width: `${(100 * part.ms) / scaleMs}%` }}
          title={words[i]}
        />
      ))}
    </div>
  );
}

export function Legend({ view }: { view: PlanDiffView }) {
  const measured = sides.filter(side => view[side].composition.length > 0);
  const of = (side: Side, category: Category) => {
    const part = view[side].composition.find(each => each.category === category);
    return formatMsFigure(part?.ms ?? 0);
  };
  const present = categories.filter(category =>
    measured.some(side => view[side].composition.some(part => part.category === category && part.ms > 0)),
  );
  return (
    <div class="legend">
      {present.map(category => (
        <span key={category} title={measured.map(side => `${side} ${of(side, category)} ms`).join(', ')}>
          <i class={`part ${category}`} aria-hidden />
          {categoryWords[category]}{' '}
          <span class="legend-figures">{measured.map(side => of(side, category)).join(' → ')}</span>
        </span>
      ))}
      {present.length > 0 && (
        <span class="legend-scale">{measured.length === 2 ? 'ms, both sides to one scale' : 'ms'}</span>
      )}
    </div>
  );
}
