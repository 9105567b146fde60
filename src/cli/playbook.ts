import { SectionMemory } from '../playbook/blocks';
import { applyEdits } from '../playbook/edits';
import { explainFinding } from '../playbook/finding';
import { type FrontMatter, readFrontMatter } from '../playbook/front-matter';
import { PlaybookError } from '../playbook/playbook-error';
import { recordFinding } from '../playbook/record';
import { recordResult } from '../playbook/results';
import { playbookTemplate } from '../playbook/template';
import type { CheckResult } from '../shared/check';
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

/**
 * Records all results in one step. A result that finds no place is among the problems, and keeps no other out.
 * @throws PlaybookFileError when the file was changed meanwhile, or cannot be written; then none is recorded.
 */
export async function recordResultsInFile(
  file: PlaybookFile,
  results: readonly { result: CheckResult; definition: string }[],
): Promise<{ recorded: number; problems: PlaybookError[] }> {
  const problems: PlaybookError[] = [];
  const memory = new SectionMemory();
  let text = file.text!;
  for (const { result, definition } of results) {
    try {
      text = applyEdits(text, recordResult(text, result, definition, memory).edits);
    } catch (error) {
      if (!(error instanceof PlaybookError)) throw error;
      problems.push(error);
    }
  }
  if (text !== file.text) await writePlaybookFile(file, text);
  return { recorded: results.length - problems.length, problems };
}
