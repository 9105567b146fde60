/** Above the table: where the statements ran, by whom and on what, and which columns there are. */
import { formatCount } from '../../src/shared/format';
import type { BySide } from '../../src/shared/side';
import { Chip, Select } from '../common/choice';
import { Button } from '../common/controls';
import { MenuButton } from '../common/menu-button';
import type { Choices, Shown } from './arrange';
import { columnsAfterStatement, defaultColumns } from './columns';
import { type Filters, presences } from './filters';
import { presenceTitles, verdictWords } from './words';

interface ToolbarProps {
  filters: Filters;
  filter(change: Partial<Filters>): void;
  choices: Choices;
  shown: Shown;
  columns: readonly string[];
  chooseColumns(ids: string[]): void;
  /** Title of the statement that a partner is looked for, and on which side. */
  pinning: { title: string; side: keyof BySide<string> } | undefined;
  cancelPinning(): void;
}

export function Toolbar(props: ToolbarProps) {
  const { filters, filter, choices, shown, pinning } = props;
  if (pinning) {
    return (
      <div class="toolbar pinning" role="toolbar" aria-label="Statements">
        <span class="pinning-words" role="status">
          {`Which statement of the ${pinning.side} is the same as `}
          <code>{pinning.title}</code>
          {'? Click it, or press Enter on it.'}
        </span>
        <Button appearance="secondary" title="Escape" onClick={props.cancelPinning}>
          Cancel
        </Button>
      </div>
    );
  }
  const count = formatCount(shown.rows.length);
  return (
    <div class="toolbar" role="toolbar" aria-label="Statements">
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot stand in a line */}
      <div class="segments" role="group" aria-label="Ran on">
        {presences.map(each => (
          <Chip key={each} pressed={filters.presence === each} choose={() => filter({ presence: each })}>
            {presenceTitles[each]} <small>{formatCount(shown.presences.get(each) ?? 0)}</small>
          </Chip>
        ))}
      </div>
      {choices.verdicts.length > 1 && filters.presence === 'pairs' && (
        <Select
          label="verdict"
          any="any verdict"
          value={filters.verdict}
          values={choices.verdicts}
          words={verdict => verdictWords[verdict]}
          choose={verdict => filter({ verdict })}
        />
      )}
      <Values name="user" values={choices.users} filters={filters} filter={filter} />
      <Values name="database" values={choices.databases} filters={filters} filter={filter} />
      <Values name="node" values={choices.nodes} filters={filters} filter={filter} />
      <span class="spring" />
      <span class="visually-hidden" role="status">{`${count} shown`}</span>
      <Columns columns={props.columns} choose={props.chooseColumns} />
    </div>
  );
}

interface ValuesProps {
  name: 'user' | 'database' | 'node';
  values: readonly string[];
  filters: Filters;
  filter(change: Partial<Filters>): void;
}

function Values({ name, values, filters, filter }: ValuesProps) {
  if (values.length < 2) return null;
  return (
    <Select
      label={name}
      any={`any ${name}`}
      value={filters[name]}
      values={values}
      choose={value => filter({ [name]: value })}
    />
  );
}

function Columns({ columns, choose }: { columns: readonly string[]; choose(ids: string[]): void }) {
  const entries = columnsAfterStatement.map(({ id, header, title }) => {
    const checked = columns.includes(id);
    const change = () => choose(checked ? columns.filter(each => each !== id) : [...columns, id]);
    return { id, label: header, title, checked, choose: change };
  });
  const reset = { id: 'reset', label: 'Default columns', choose: () => choose([...defaultColumns]) };
  return <MenuButton label="Columns" className="columns-menu" entries={[...entries, reset]} />;
}
