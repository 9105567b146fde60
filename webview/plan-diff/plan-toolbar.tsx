import { formatCount } from '../../src/shared/format';
import { Button, Checkbox, TextField } from '../common/controls';
import type { FoldBase } from './tree-rows';

interface PlanToolbarProps {
  find: string;
  /** Rows that contain the text, in order. */
  matches: readonly number[];
  selectedRow: number;
  onFind(text: string): void;
  /** Shows a row. */
  onGo(row: number): void;
  /** The user is done with the search box. */
  onLeave(): void;
  onFoldAll(base: FoldBase): void;
  onlyDifferences: boolean;
  /** Absent when there is nothing to compare. */
  onOnlyDifferences: ((only: boolean) => void) | undefined;
}

export function PlanToolbar(props: PlanToolbarProps) {
  const { find, matches, selectedRow, onGo } = props;
  const next = () => go(matches.find(row => row > selectedRow) ?? matches[0]);
  const previous = () => go(matches.findLast(row => row < selectedRow) ?? matches.at(-1));
  const go = (row: number | undefined) => row !== undefined && onGo(row);
  const at = matches.indexOf(selectedRow);
  const nothing = matches.length === 0;
  const all = formatCount(matches.length);
  const said = nothing ? 'No results' : at >= 0 ? `${formatCount(at + 1)} of ${all}` : `${all} found`;
  return (
    <div class="toolbar" role="toolbar" aria-label="Plan">
      <TextField
        id="find"
        class="find"
        aria-label="Find in the plans"
        placeholder="Find (Ctrl+F)"
        value={find}
        onInput={event => props.onFind((event.currentTarget as unknown as { value: string }).value)}
        onKeyDown={event => {
          if (event.key === 'Enter') (event.shiftKey ? previous : next)();
          else if (event.key === 'Escape' && find !== '') props.onFind('');
          else if (event.key === 'Escape' || event.key === 'ArrowDown') props.onLeave();
          else return;
          event.preventDefault();
        }}
      />
      <Button
        appearance="icon"
        aria-label="Previous match"
        title="Previous match (Shift+Enter)"
        disabled={nothing}
        onClick={previous}
      >
        <span class="arrow up" aria-hidden />
      </Button>
      <Button appearance="icon" aria-label="Next match" title="Next match (Enter)" disabled={nothing} onClick={next}>
        <span class="arrow down" aria-hidden />
      </Button>
      <span class="found-count dim" role="status">
        {find.trim() === '' ? '' : said}
      </span>
      <span class="spring" />
      {props.onOnlyDifferences && (
        <Checkbox
          checked={props.onlyDifferences}
          onChange={event => {
            const { checked } = event.currentTarget as unknown as { checked: boolean };
            if (checked !== props.onlyDifferences) props.onOnlyDifferences!(checked);
          }}
        >
          Only differences
        </Checkbox>
      )}
      <Button appearance="secondary" onClick={() => props.onFoldAll('folded')}>
        Fold All
      </Button>
      <Button appearance="secondary" onClick={() => props.onFoldAll('unfolded')}>
        Unfold All
      </Button>
    </div>
  );
}
