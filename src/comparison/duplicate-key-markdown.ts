/** A diagnosis of a "duplicate key" as Markdown: rivals ranked by their evidence, the indexes in question, the repair. */
import { codeSpan, escapeMarkdown, fence } from '../playbook/escape';
import type { Finding } from '../playbook/record';
import type { DuplicateKeyDiagnosis, Hypothesis, SuspectIndex } from '../shared/duplicate-key';
import { formatBytes } from '../shared/format';

export function duplicateKeyMarkdown(diagnosis: DuplicateKeyDiagnosis): string {
  return `# Duplicate key on the ${diagnosis.side}\n\n${parts(diagnosis, '##').join('\n\n')}\n`;
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
    heading('Causes, the likeliest first'),
    ...hypotheses.map(hypothesisText),
  ];
  if (indexes.length > 0) {
    const more = moreIndexes > 0 ? [`- … and ${moreIndexes} more that sort by a collation`] : [];
    lines.push(heading('Indexes in question'), [...indexes.map(indexLine), ...more].join('\n'));
    if (scripts.length > 0 && indexes.every(({ state }) => state === 'unchecked' || state === 'unknown'))
      lines.push('amcheck read none of them: prove it before you repair anything.');
  }
  if (unknown.length > 0) lines.push(heading('What is not known'), unknown.map(unknownLine).join('\n'));
  for (const { node, sql } of scripts) {
    lines.push(
      heading(`Repair of ${codeSpan(node)}`),
      'Read it, adapt it, and run it yourself; Cutover runs none of it.',
    );
    lines.push(fence(sql, 'sql'));
  }
  return lines;
}

/** The Markdown is read as it is, too: names in code need no backslashes. */
function readable(text: string): string {
  const escaped = escapeMarkdown(text);
  return escaped.includes('\\') || escaped.includes('&#') ? codeSpan(text) : escaped;
}

const standings: Record<Hypothesis['standing'], string> = {
  likely: '**Likely**',
  unlikely: 'Unlikely',
  unknown: '**Open**',
};

/** What to do about a cause is said unless it is unlikely. */
function hypothesisText({ title, standing, confidence, evidence, next }: Hypothesis): string {
  const grade = standing === 'unknown' ? '' : ` (${confidence})`;
  const lines = [
    `- ${standings[standing]}${grade}: ${escapeMarkdown(title)}`,
    ...evidence.map(line => `  - ${readable(line)}`),
  ];
  const [words = '', ...sql] = standing === 'unlikely' ? [] : next.split('\n');
  if (words) lines.push(`  - Next: ${escapeMarkdown(words)}`);
  if (sql.length > 0) lines.push('', fence(sql.join('\n'), 'sql').replace(/^/gm, '    '));
  return lines.join('\n');
}

const reasons: Record<SuspectIndex['why'], string> = {
  named: 'named by the error',
  stale: 'made with another collation version',
  dependent: 'sorts by a collation',
};

const states: Record<SuspectIndex['state'], string> = {
  unchecked: 'not read by amcheck yet',
  sound: 'sound, says amcheck',
  corrupt: '**corrupt**, says amcheck',
  unknown: 'not proved',
};

function indexLine({
  node,
  schema,
  table,
  index,
  unique,
  bytes,
  why,
  state,
  detail,
  duplicates,
}: SuspectIndex): string {
  const size = bytes === null ? 'locked by somebody' : formatBytes(bytes);
  const about = [unique ? 'unique, ' : '', size].join('');
  const said = [
    reasons[why],
    `${states[state]}${detail ? ` (${readable(detail)})` : ''}`,
    ...(duplicates ? [duplicateWords(duplicates)] : []),
  ];
  return `- ${codeSpan(node)}: ${codeSpan(`${schema}.${index}`)} of ${codeSpan(table)}, ${about}: ${said.join('; ')}`;
}

function duplicateWords({ keys, more }: NonNullable<SuspectIndex['duplicates']>): string {
  if (keys.length === 0) return 'no duplicates in the table';
  const count = keys.length === 1 && !more ? '1 key' : `${more ? 'more than ' : ''}${keys.length} keys`;
  return `**duplicates** of ${count} in the table`;
}

function unknownLine({ what, node, grant }: DuplicateKeyDiagnosis['unknown'][number]): string {
  const where = node ? `${codeSpan(node)}: ` : '';
  return `- ${where}${readable(what)}${grant ? `. ${codeSpan(grant)} would tell.` : ''}`;
}
