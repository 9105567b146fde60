import { applyEdits } from '../playbook/edits';
import { explainFinding } from '../playbook/finding';
import { type FrontMatter, readFrontMatter } from '../playbook/front-matter';
import { recordFinding } from '../playbook/record';
import { playbookTemplate } from '../playbook/template';
import type { PlanDiffView } from '../shared/plan-diff';
import { type PlaybookFile, readPlaybookFile, writePlaybookFile } from './playbook-file';

/** What the playbook calls the migration and its sides; nothing when there is no playbook yet. */
export async function playbookNames(path: string): Promise<FrontMatter> {
  const { text } = await readPlaybookFile(path);
  return (text === undefined ? undefined : readFrontMatter(text).frontMatter) ?? {};
}

/** Records the result in the file, creating it from the template when it is missing. Returns where the finding stands. */
export async function recordInFile(
  path: string,
  view: PlanDiffView,
): Promise<{ path: string; line: number; created: boolean }> {
  const file: PlaybookFile = await readPlaybookFile(path);
  const document =
    file.text ??
    playbookTemplate({ migration: view.migration, sourceLabel: view.source.label, targetLabel: view.target.label });
  const { edits, line } = recordFinding(document, explainFinding(view));
  if (file.text === undefined || edits.length > 0) await writePlaybookFile(file, applyEdits(document, edits));
  return { path: file.path, line, created: file.text === undefined };
}
