/** The line above a pane at the bottom: dragged, or moved with the arrow keys, it makes the pane higher or lower. */
import { useRef } from 'preact/hooks';

const smallestPx = 90;
const stepPx = 24;

export function Splitter({ heightPx, resize }: { heightPx: number; resize(heightPx: number): void }) {
  const drag = useRef<{ y: number; height: number } | null>(null);
  const largestPx = () => Math.max(smallestPx, window.innerHeight * 0.6);
  const clamp = (height: number) => Math.round(Math.max(smallestPx, Math.min(height, largestPx())));
  return (
    // biome-ignore lint/a11y/useSemanticElements: <hr> cannot be a splitter that takes the focus
    <div
      class="splitter"
      role="separator"
      aria-orientation="horizontal"
      aria-label="Height of the details"
      aria-valuenow={heightPx}
      aria-valuemin={smallestPx}
      aria-valuemax={Math.round(largestPx())}
      tabIndex={0}
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { y: event.clientY, height: heightPx };
      }}
      onPointerMove={event => {
        if (drag.current) resize(clamp(drag.current.height + drag.current.y - event.clientY));
      }}
      onPointerUp={() => {
        drag.current = null;
      }}
      onKeyDown={event => {
        if (event.key === 'ArrowUp') resize(clamp(heightPx + stepPx));
        else if (event.key === 'ArrowDown') resize(clamp(heightPx - stepPx));
        else return;
        event.preventDefault();
      }}
    />
  );
}
