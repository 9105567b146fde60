import { groupTitle } from '../../src/comparison/sentence';
import { type Severity, severities } from '../../src/shared/comparison';
import type { ComparisonReport } from '../../src/shared/comparison-report';
import { Select } from '../common/choice';
import { Button, TextField } from '../common/controls';
import type { Page } from './app';
import { isOpen } from './finding';

interface ToolbarProps {
  page: Page;
  report: ComparisonReport;
  shown: number;
}

export function Toolbar({ page: { layout, arrange }, report, shown }: ToolbarProps) {
  const { findings, groups } = report;
  const allOpen = findings.every(finding => isOpen(layout, finding));
  const openAll = () => arrange({ open: Object.fromEntries(findings.map(({ id }) => [id, !allOpen])) });
  return (
    <div class="toolbar" role="toolbar" aria-label="Checks">
      <TextField
        class="find"
        aria-label="Filter checks"
        placeholder="Filter: setting, table, node …"
        value={layout.text}
        onInput={event => arrange({ text: (event.currentTarget as HTMLInputElement).value })}
        onKeyDown={event => {
          if (event.key === 'Escape') arrange({ text: '' });
        }}
      />
      <Select
        label="group"
        any="any group"
        value={layout.group}
        values={groups.map(({ group }) => group)}
        words={groupTitle}
        choose={group => arrange({ group })}
      />
      <Select<Severity>
        label="severity"
        any="any severity"
        value={layout.severity}
        values={severities}
        words={severity => (severity === 'critical' ? severity : `${severity} and worse`)}
        choose={severity => arrange({ severity })}
      />
      <span class="dim" role="status">
        {findings.length > 0 && `${shown} of ${findings.length} differences`}
      </span>
      <span class="spring" />
      {findings.length > 0 && (
        <Button appearance="secondary" onClick={openAll}>
          {allOpen ? 'Fold All' : 'Open All'}
        </Button>
      )}
    </div>
  );
}
