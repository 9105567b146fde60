import { stringify } from 'yaml';
import { escapeMarkdown } from './escape';
import { playbookVersion } from './front-matter';
import { comparison } from './template/comparison';
import { copiedObjects } from './template/copied-objects';
import { copy } from './template/copy';
import { goLive } from './template/go-live';
import { monitor } from './template/monitor';
import { preliminaries } from './template/preliminaries';
import { lines, writePhase } from './template/step';
import { simulation, testInProduction, testPieces } from './template/tests';
import { visibleLine } from './visible';

export interface PlaybookNames {
  /** Name of the migration in the settings. */
  migration: string;
  sourceLabel: string;
  targetLabel: string;
}

const introduction = lines(
  'Two engineers work in pairs: the owner types, the reviewer reads each command before Enter and never owns the same step.',
  'What differs here, edit: `app` is the database, `app_user` the role the application logs in as, `app_owner` the owner',
  'of its tables, `replicator` the role that replicates, `events` any table. `$SOURCE` and `$TARGET` are the URIs of the',
  'coordinators, without passwords (those are in `~/.pgpass`). `source-nodes` and `target-nodes` are files with the URI of',
  'one node a line: the coordinator first, then the workers in the order in which Citus deals out shards, by name and then by',
  'port, so that line *n* of one file is the counterpart of line *n* of the other. A command for every node is run like this:',
  '',
  '```sh',
  'while read -r node; do psql "$node" -X -v ON_ERROR_STOP=1 -f command.sql || break; done < source-nodes',
  '```',
  '',
  'On plain PostgreSQL each file has one line; strike what says *Citus only*.',
);

/** A playbook to start from: the phases of a move between two clusters, each step with who, with what, and how back. */
export function playbookTemplate({ migration, sourceLabel, targetLabel }: PlaybookNames): string {
  const frontMatter = stringify(
    {
      cutover: playbookVersion,
      migration: visibleLine(migration),
      source: visibleLine(sourceLabel),
      target: visibleLine(targetLabel),
    },
    { lineWidth: 0 },
  );
  const title = `# Move ${escapeMarkdown(migration)} from ${escapeMarkdown(sourceLabel)} to ${escapeMarkdown(targetLabel)}`;
  return `---\n${frontMatter}---\n\n${title}\n\n${introduction}\n\n${phases.map(writePhase).join('\n')}\n## Findings\n`;
}

const phases = [
  comparison,
  preliminaries,
  { ...copy, steps: [...copy.steps, ...copiedObjects] },
  testPieces,
  simulation,
  testInProduction,
  goLive,
  monitor,
];
