/** Whether a playbook can be written to without guessing where the user's text begins. */
import { playbookVersion, readFrontMatter } from './front-matter';
import { PlaybookError } from './playbook-error';
import type { Region } from './regions';

/** @throws PlaybookError when the format is newer, or the front matter would swallow what is written. */
export function refuseUnwritable(document: string): void {
  const { frontMatter } = readFrontMatter(document);
  if (frontMatter?.version !== undefined && frontMatter.version > playbookVersion) {
    throw new PlaybookError(
      'newerFormat',
      `The playbook has format version ${frontMatter.version}; this Cutover writes version ${playbookVersion}. Update Cutover.`,
      1,
    );
  }
  // A rule in the finding would become the end of it, and all above the finding front matter.
  if (!frontMatter && /^\ufeff?---[ \t]*(?:[\r\n]|$)/.test(document)) {
    throw new PlaybookError(
      'unclosedBlock',
      'The front matter that begins on line 1 is never closed. Close it with ---.',
      1,
    );
  }
}

/** @throws PlaybookError when the region has no end that can be trusted. `what` begins the sentence: `Finding plan.diff/x`. */
export function refuseBroken(region: Region, what: string): void {
  if (!region.broken) return;
  const { by, line } = region.broken;
  const where = {
    end: 'before the document ends',
    marker: `before line ${line}`,
    heading: `before the heading on line ${line}`,
  }[by];
  throw new PlaybookError(
    'unclosedRegion',
    `${what} on line ${region.line} is not closed ${where}. Put <!-- /cutover:${region.kind} --> where it ends; an open code fence in it hides its end, too.`,
    region.line,
  );
}
