/** Turns what EXPLAIN said on both sides into a finding: the evidence as Markdown, under an id that stays. */
import type { PlanDiffView, SideView } from '../shared/plan-diff';
import { sides } from '../shared/side';
import { Lexer } from '../sql/lexer';
import { causesMarkdown } from './causes-markdown';
import { condenseDifferences } from './condense';
import { codeSpan, escapeMarkdown, fence, markdownTable, type TableColumn } from './escape';
import { figureRows } from './figures';
import { differingPlanLines } from './plan-lines';
import type { Finding, Severity } from './record';

export function explainFinding(view: PlanDiffView): Finding {
  return {
    id: findingId(view),
    // No figures: the heading is written once, what it says must stay true when the finding is updated.
    heading: `Plans of ${codeSpan(view.statement.title) || 'a statement'} on both sides`,
    severity: severityOf(view),
    confidence: confidenceOf(view),
    body: findingBody(view),
  };
}

/**
 * Ratio target / source from which a finding counts as `high` or `medium`. Twice the time is what stopped the migration
 * this tool was made for; up to a fifth more is within what repeated runs of one plan differ by, and the tolerance the
 * playbook's checks use.
 */
export const severityRatios = { high: 2, medium: 1.2 } as const;

/** Failures that say nothing about the statement. */
const connectionReasons = new Set([
  ...['uri', 'settings', 'unreachable', 'connectTimeout', 'authentication', 'tls', 'database', 'cancelled'],
  ...['disconnected', 'starting'],
  'tooManyConnections',
]);

/** The side's failure is its server's or the network's, not the statement's: nothing worth recording. */
export function failedToConnect(side: SideView): boolean {
  return side.status === 'error' && connectionReasons.has(side.error?.reason ?? '');
}

/**
 * By the ratio of the times when both were measured. Costs are estimates in units that versions and settings shift, so
 * they alone never make a finding `high`. A statement that fails on the target alone is `high`: it cannot go live.
 */
export function severityOf(view: PlanDiffView): Severity {
  const { ratio, basis, tone } = view.verdict;
  const fails = (side: SideView): boolean => side.status === 'error' && !failedToConnect(side);
  if (fails(view.target)) return fails(view.source) ? 'medium' : 'high';
  if (fails(view.source)) return 'low';
  if (ratio === undefined || basis === 'none' || tone === 'unknown') return 'info';
  if (tone !== 'slower') return 'info';
  if (ratio >= severityRatios.high && basis === 'executionMs') return 'high';
  return ratio >= severityRatios.medium ? 'medium' : 'low';
}

/** Of the first cause, once an experiment showed it; until then the figures are what is sure. */
function confidenceOf({ diagnosis }: PlanDiffView): Finding['confidence'] {
  return diagnosis?.causes[0]?.confidence === 'verified' ? 'verified' : 'observed';
}

/** The same for the same statement of the same migration, however it is laid out and commented, whatever its parameters. */
export function findingId(view: Pick<PlanDiffView, 'migration' | 'statement'>): string {
  const words = view.statement.title.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  let slug = '';
  for (const word of words) {
    if (slug.length + word.length > 40) break;
    slug += `${word}-`;
  }
  return `plan.diff/${slug || 'statement-'}${hash(`${view.migration}\0${canonicalSql(view.statement.sql)}`)}`;
}

/** Tokens with one space between them: no comments, no layout, keywords and plain identifiers in lower case. */
function canonicalSql(sql: string): string {
  const tokens: string[] = [];
  const lexer = new Lexer(sql);
  while (lexer.next()) {
    if (lexer.kind === 'space' || lexer.kind === 'comment') continue;
    const token = sql.slice(lexer.start, lexer.end);
    tokens.push(lexer.kind === 'word' ? token.toLowerCase() : token);
  }
  while (tokens.at(-1) === ';') tokens.pop();
  return tokens.join(' ');
}

/** 40 bits of FNV-1a (64 bit) as ten hexadecimal digits: names a few hundred findings, guards nothing. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text))
    value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
  return (value >> 24n).toString(16).padStart(10, '0');
}

function findingBody(view: PlanDiffView): string {
  const how = view.analyzed ? 'EXPLAIN ANALYZE' : 'EXPLAIN (estimates, not executed)';
  const parts = [
    escapeMarkdown(view.verdict.sentence),
    `Migration ${codeSpan(view.migration)}, ${how}, ${escapeMarkdown(view.at)}`,
    figures(view),
  ];
  for (const side of sides) {
    const error = errorText(view[side]);
    if (error) parts.push(error);
  }
  const causes = causesMarkdown(view);
  if (causes) parts.push(causes);
  if (view.statement.sql) parts.push(fence(view.statement.sql, 'sql'));
  if (view.statement.parameters.length > 0) {
    const rows = view.statement.parameters.map(({ name, value }) => [name, value ?? 'NULL']);
    parts.push(markdownTable([left('Parameter'), left('Value')], rows));
  }
  const lines = differingPlanLines(view);
  if (lines)
    parts.push(
      `Plan lines that differ (\`-\` ${escapeMarkdown(view.source.label)}, \`+\` ${escapeMarkdown(view.target.label)}):`,
      fence(lines, 'diff'),
    );
  if (view.differences.length > 0) {
    const columns = [left('What differs'), left(view.source.label), left(view.target.label)];
    const { shown, more } = condenseDifferences(view);
    parts.push(
      markdownTable(
        columns,
        shown.map(each => [each.title, each.source, each.target]),
      ),
    );
    if (more > 0) parts.push(`… and ${more} more differences.`);
  }
  const notes = [
    ...view.notes,
    ...sides.flatMap(side => view[side].notices.map(each => `${view[side].label}: ${each}`)),
  ];
  if (notes.length > 0) parts.push(notes.map(note => `- ${escapeMarkdown(note)}`).join('\n'));
  parts.push(
    '*Recorded by Cutover. Recording it again replaces what stands between the two comments; notes below stay.*',
  );
  return parts.join('\n\n');
}

const left = (title: string): TableColumn => ({ title, align: 'left' });
const right = (title: string): TableColumn => ({ title, align: 'right' });

function figures(view: PlanDiffView): string {
  const columns = [left(''), right(view.source.label), right(view.target.label), right('Target / source')];
  const rows = figureRows(view).map(({ title, source, target, ratio }) => [title, source, target, ratio]);
  return markdownTable(columns, rows);
}

function errorText(side: SideView): string | undefined {
  const { error } = side;
  if (!error) return undefined;
  const facts = [
    error.sqlstate === undefined ? '' : `SQLSTATE ${error.sqlstate}`,
    error.position === undefined ? '' : `at character ${error.position}`,
  ].filter(Boolean);
  const lines = [
    `${escapeMarkdown(side.label)} failed: ${escapeMarkdown(error.message)}${facts.length > 0 ? ` (${escapeMarkdown(facts.join(', '))})` : ''}`,
  ];
  if (error.detail) lines.push(`- Detail: ${escapeMarkdown(error.detail)}`);
  if (error.hint) lines.push(`- Hint: ${escapeMarkdown(error.hint)}`);
  return lines.length > 1 ? `${lines[0]}\n\n${lines.slice(1).join('\n')}` : lines[0];
}
