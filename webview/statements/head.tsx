/** What is looked for, and what can be done with the whole. */

import { formatCount } from '../../src/shared/format';
import type { StatementClass } from '../../src/shared/plan-diff';
import { exportFormats } from '../../src/shared/statements-panel';
import { Chip } from '../common/choice';
import { Button, TextField } from '../common/controls';
import { MenuButton } from '../common/menu-button';
import type { Act, Host } from './app';
import type { Shown } from './arrange';
import type { Filters } from './filters';
import { classTitles } from './words';

interface HeadProps {
  host: Host;
  act: Act;
  filters: Filters;
  filter(change: Partial<Filters>): void;
  shown: Shown;
  refreshing: boolean;
  /** Ids of what is shown, in this order. */
  shownIds(): string[];
  /** To the rows. */
  leave(): void;
}

const formatTitles: Record<(typeof exportFormats)[number], string> = {
  csv: 'CSV…',
  json: 'JSON…',
  markdown: 'Markdown…',
};

export function Head({ host, act, filters, filter, shown, refreshing, shownIds, leave }: HeadProps) {
  return (
    <header class="page-head">
      <TextField
        id="find"
        class="find"
        aria-label="Filter statements"
        placeholder="Filter statements (Ctrl+F)"
        value={filters.find}
        onInput={event => filter({ find: (event.currentTarget as unknown as { value: string }).value })}
        onKeyDown={event => {
          if (event.key === 'Escape' && filters.find !== '') filter({ find: '' });
          else if (event.key === 'Escape' || event.key === 'ArrowDown' || event.key === 'Enter') leave();
          else return;
          event.preventDefault();
        }}
      />
      <Classes filters={filters} filter={filter} shown={shown} />
      <span class="spring" />
      <div class="actions">
        <Button
          appearance="secondary"
          title="Live, a snapshot, or the time between two"
          onClick={() => act(host.request('choose', {}))}
        >
          Compare…
        </Button>
        <Button
          appearance="secondary"
          title="Keep the figures of both sides as they are now"
          onClick={() => act(host.request('snapshot', {}))}
        >
          Snapshot
        </Button>
        <MenuButton
          label="Export"
          title="What is shown, in the order it is shown in"
          entries={exportFormats.map(format => ({
            id: format,
            label: formatTitles[format],
            choose: () => act(host.request('export', { format, ids: shownIds() })),
          }))}
        />
        <Button
          appearance="secondary"
          class="refresh"
          title={refreshing ? 'Leave what is shown as it is' : 'Read both sides again'}
          onClick={() => act(host.request(refreshing ? 'cancel' : 'refresh', {}))}
        >
          {refreshing ? 'Cancel' : 'Refresh'}
        </Button>
      </div>
      {refreshing && <div class="refreshing" role="progressbar" aria-label="Reading both sides again" />}
    </header>
  );
}

const offered: readonly StatementClass[] = ['write', 'read', 'utility'];

function Classes({ filters, filter, shown }: Pick<HeadProps, 'filters' | 'filter' | 'shown'>) {
  const others = shown.classes.has('unknown') || filters.class === 'unknown' ? (['unknown'] as const) : [];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot stand in a line
    <div class="chips" role="group" aria-label="Class">
      <Chip pressed={filters.class === undefined} choose={() => filter({ class: undefined })}>
        All <small>{formatCount(shown.allClasses)}</small>
      </Chip>
      {[...offered, ...others].map(each => (
        <Chip
          key={each}
          pressed={filters.class === each}
          choose={() => filter({ class: filters.class === each ? undefined : each })}
        >
          {classTitles[each]} <small>{formatCount(shown.classes.get(each) ?? 0)}</small>
        </Chip>
      ))}
    </div>
  );
}
