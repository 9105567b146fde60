import { codeSpan, escapeMarkdown } from '../playbook/escape';
import type { ComparisonChanges } from '../shared/comparison-report';
import { changeLines, changesSentences } from './changes-words';

/** What changed since an earlier comparison, below a heading of level 2. */
export function changesMarkdown(changes: ComparisonChanges): string[] {
  const lines = changeLines(changes).map(({ id, words, evidence }) =>
    [`- ${codeSpan(id)} ${escapeMarkdown(words)}`, ...evidence.map(line => `  - ${escapeMarkdown(line)}`)].join('\n'),
  );
  return [
    `## ${escapeMarkdown(`Since ${changes.since}`)}`,
    ...changesSentences(changes).map(escapeMarkdown),
    ...(lines.length > 0 ? [lines.join('\n')] : []),
  ];
}
