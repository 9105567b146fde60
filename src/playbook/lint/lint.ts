/** Everything that can be said of a playbook without asking a cluster. */
import type { StatementClass } from '../../shared/plan-diff';
import { playbookVersion } from '../front-matter';
import type { Playbook } from '../playbook';
import { lintBias } from './bias';
import { lintChecks } from './checks';
import { lintNested } from './nested';
import { lintGoLive, lintReferences, lintRegions, lintRehearsal } from './regions';
import type { Diagnostic } from './rules';
import { lintPhases, lintStep } from './steps';

/** What the text does not say. What is absent is not known, and nothing is said of it. */
export interface LintContext {
  /** Milliseconds, as Date.now(). */
  now: number;
  /** Names of the migrations in the settings. */
  migrations?: readonly string[] | undefined;
  catalogue: { has(id: string): boolean; nearest(id: string): string | undefined };
  /** Why a check's SQL cannot be run; undefined when it can. Offset in UTF-16. */
  judgeSql?: ((sql: string) => { kind: 'syntax' | 'refused'; message: string; offset: number } | undefined) | undefined;
  classOf?: ((sql: string) => StatementClass | undefined) | undefined;
  /** The statements that make up the source's load, heaviest first, with their share of its time. */
  heavy?: readonly { title: string; share: number }[] | undefined;
}

/** In the order of the document. */
export function lint(playbook: Playbook, context: LintContext): Diagnostic[] {
  const found = [
    ...lintFrontMatter(playbook, context),
    ...lintPhases(playbook),
    ...playbook.phases.flatMap(({ steps }) => steps.flatMap(step => [...lintStep(step)])),
    ...lintChecks(playbook, context),
    ...lintNested(playbook),
    ...lintRegions(playbook),
    ...lintReferences(playbook),
    ...lintGoLive(playbook),
    ...lintRehearsal(playbook),
    ...lintBias(playbook, context),
  ];
  return found.sort((a, b) => a.start - b.start || a.end - b.end);
}

function* lintFrontMatter(playbook: Playbook, { migrations }: LintContext): Generator<Diagnostic> {
  const { frontMatter, frontMatterProblems, frontMatterPlaces } = playbook;
  const top = { start: 0, end: playbook.text.search(/\r|\n|$/) };
  if (!frontMatter) {
    const message = `The playbook has no front matter. Begin it with ---, cutover: ${playbookVersion}, migration: …, ---.`;
    yield { code: 'frontMatter', message, ...top };
    return;
  }
  for (const { message, start, end } of frontMatterProblems) yield { code: 'frontMatter', message, start, end };
  if (frontMatterProblems.length > 0) return;
  if (frontMatter.version !== undefined && frontMatter.version > playbookVersion) {
    const message = `This is format version ${frontMatter.version}; this Cutover knows ${playbookVersion}. Update Cutover.`;
    yield { code: 'frontMatter', message, ...(frontMatterPlaces.get('cutover')?.value ?? top) };
  }
  const { migration } = frontMatter;
  if (migration === undefined || migration === '') {
    const message = 'The front matter names no migration, so that no check can be run. Add “migration: …”.';
    yield { code: 'migrationUnknown', message, ...(frontMatterPlaces.get('migration')?.key ?? top) };
  } else if (migrations && !migrations.includes(migration)) {
    const known = migrations.length === 0 ? 'There is none yet: add one' : `There are ${migrations.join(', ')}`;
    const message = `There is no migration ${migration} in the settings. ${known}.`;
    yield { code: 'migrationUnknown', message, ...(frontMatterPlaces.get('migration')?.value ?? top) };
  }
}
