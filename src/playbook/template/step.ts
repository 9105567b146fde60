import type { CheckPlace } from '../../shared/check';

export interface Phase {
  title: string;
  steps: Step[];
}

/** All texts are Markdown. */
export interface Step {
  title: string;
  /** Who it takes besides owner and reviewer. */
  people?: string;
  tools: string;
  rollback: string;
  verify: string;
  /** Of a step of the go-live list, whose start and finish Cutover writes down. */
  plannedMinutes?: number;
  /** What to do, and checks: blocks, between which an empty line goes. */
  body?: string[];
}

export function writePhase({ title, steps }: Phase): string {
  return `## ${title}\n\n${steps.map(writeStep).join('\n')}`;
}

function writeStep({ title, people, tools, rollback, verify, plannedMinutes, body = [] }: Step): string {
  const facts = [
    '- [ ] done',
    '- owner:',
    '- reviewer:',
    ...(people === undefined ? [] : [`- people: ${people}`]),
    `- tools: ${tools}`,
    `- rollback: ${rollback}`,
    `- verify: ${verify}`,
    ...(plannedMinutes === undefined ? [] : [`- planned: ${plannedMinutes} min`, '- started:', '- finished:']),
  ];
  return `### ${title}\n\n${[facts.join('\n'), ...body].join('\n\n')}\n`;
}

/** Lines of one block. */
export const lines = (...text: string[]): string => text.join('\n');

/** A check of the catalogue (docs/checks.md). */
export const catalogueCheck = (id: string): string => `\`\`\`cutover check\nid: ${id}\n\`\`\``;

interface SqlCheck {
  id: string;
  on: CheckPlace;
  expect: string;
  /** After how long a result is stale: `10m`. */
  every?: string;
}

/**
 * A check in SQL: one statement that reads catalogs and statistics only, as it stands on PostgreSQL 12–18. What a role
 * without pg_monitor sees as NULL must not make it pass.
 */
export function sqlCheck({ id, on, expect, every }: SqlCheck, sql: string): string {
  const due = every === undefined ? '' : ` every=${every}`;
  return `\`\`\`sql check id=${id} on=${on} expect=${expect}${due}\n${sql}\n\`\`\``;
}

export const sql = (text: string): string => `\`\`\`sql\n${text}\n\`\`\``;

export const shell = (text: string): string => `\`\`\`sh\n${text}\n\`\`\``;
