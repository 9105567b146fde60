/** A diagnosis of a "duplicate key" as Markdown: rivals ranked by their evidence, the indexes in question, the repair. */
import { codeSpan, escapeMarkdown, fence, markdownTable, type TableColumn } from '../playbook/escape';
import type { Finding } from '../playbook/record';
import type { DuplicateKeyDiagnosis, Hypothesis, SuspectIndex } from '../shared/duplicate-key';
import { formatBytes } from '../shared/format';

const left = (title: string): TableColumn => ({ title, align: 'left' });
const right = (title: string): TableColumn => ({ title, align: 'right' });

export function duplicateKeyMarkdown(diagnosis: DuplicateKeyDiagnosis): string {
  return `# Duplicate key\n\n${parts(diagnosis, '##').join('\n\n')}\n`;
}

/** As a finding of a playbook; one per index that the error names, else one for the side. */
export function duplicateKeyFinding(diagnosis: DuplicateKeyDiagnosis): Finding {
  const { error, side, hypotheses } = diagnosis;
  const [first] = hypotheses;
  const isLikely = first?.standing === 'likely';
  const slug =
    (error?.index ?? 'all')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'index';
  return {
    id: `duplicate-key/${side}-${slug}`,
    heading: error ? `Duplicate key in ${codeSpan(error.index)} on the ${side}` : `Duplicate keys on the ${side}`,
    severity: isLikely ? 'high' : 'medium',
    confidence: isLikely ? first.confidence : 'unknown',
    body: [
      ...parts(diagnosis, undefined),
      '*Recorded by Cutover. Recording it again replaces what stands between the two comments; notes below stay.*',
    ].join('\n\n'),
  };
}

/** A finding holds no headings: there they are emphasised lines. */
function parts(diagnosis: DuplicateKeyDiagnosis, level: string | undefined): string[] {
  const { side, address, at, error, hypotheses, indexes, moreIndexes, unknown, scripts } = diagnosis;
  const heading = (words: string) => (level ? `${level} ${words}` : `**${words}**`);
  const key = error?.key.map(({ column, value }) => `${column} = ${value}`).join(', ');
  const lines = [
    `On the ${side}, ${codeSpan(address)}, ${escapeMarkdown(at)}.`,
    ...(error ? [`The error names ${codeSpan(error.index)}${key ? `, key ${codeSpan(key)}` : ''}.`] : []),
    heading('What it may come from, the likeliest first'),
    ...hypotheses.map(hypothesisText),
  ];
  if (indexes.length > 0) {
    lines.push(heading('Indexes in question'), indexTable(indexes));
    if (moreIndexes > 0) lines.push(`… and ${moreIndexes} more that sort by a collation.`);
  }
  const proved = indexes.some(({ state }) => state !== 'unchecked');
  if (indexes.length > 0 && !proved)
    lines.push('None of them was read: prove it with amcheck before you repair anything.');
  if (unknown.length > 0) lines.push(heading('What could not be told'), unknown.map(unknownLine).join('\n'));
  for (const { node, sql } of scripts) {
    lines.push(
      heading(`Repair of ${codeSpan(node)}`),
      'Read it, adapt it, and run it yourself; Cutover runs none of it.',
    );
    lines.push(fence(sql, 'sql'));
  }
  return lines;
}

const standings: Record<Hypothesis['standing'], string> = {
  likely: '✗ likely',
  unlikely: '✓ unlikely',
  unknown: '? open',
};

function hypothesisText({ title, standing, confidence, evidence, next }: Hypothesis): string {
  const lines = [
    `- ${standings[standing]} (${confidence}): ${escapeMarkdown(title)}`,
    ...evidence.map(line => `  - ${escapeMarkdown(line)}`),
  ];
  if (next) lines.push(`  - ${escapeMarkdown(next)}`);
  return lines.join('\n');
}

function indexTable(indexes: readonly SuspectIndex[]): string {
  const columns = ['Node', 'Index', 'Table', 'Why', 'amcheck', 'Duplicates'].map(left);
  return markdownTable(
    [...columns, right('Size')],
    indexes.map(({ node, schema, table, index, unique, why, state, detail, duplicates, bytes }) => [
      node,
      `${schema}.${index}${unique ? ' (unique)' : ''}`,
      table,
      why,
      detail ? `${state}: ${detail}` : state,
      duplicates ? `${duplicates.keys.length}${duplicates.more ? ' or more' : ''} keys` : 'not looked for',
      bytes === null ? 'locked' : formatBytes(bytes),
    ]),
  );
}

function unknownLine({ what, node, grant }: DuplicateKeyDiagnosis['unknown'][number]): string {
  const where = node ? `${node}: ` : '';
  return `- ${escapeMarkdown(`${where}${what}`)}${grant ? `. ${codeSpan(grant)} would tell.` : ''}`;
}
