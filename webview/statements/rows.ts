/** The rows as the host sent them, read and made fit to be shown. */
import * as z from 'zod/mini';
import { visibleLine } from '../../src/playbook/visible';
import { type StatementRow, statementRowSchema } from '../../src/shared/statements';
import type { Presence } from './filters';

const rowsSchema = z.array(statementRowSchema);
/** Nothing to make visible, as in nearly all texts. */
const plain = /^[\x20-\x7e]*$/;

export interface Rows {
  list: readonly StatementRow[];
  /** What is looked through at once: title, user and database, in lower case. */
  texts: readonly string[];
  positions: ReadonlyMap<string, number>;
}

/** Throws when they are not what the host promises. */
export function readRows(json: string): Rows {
  const list = rowsSchema.parse(JSON.parse(json));
  const texts: string[] = [];
  const positions = new Map<string, number>();
  for (const [i, row] of list.entries()) {
    row.title = shown(row.title);
    row.user = shown(row.user);
    row.database = shown(row.database);
    row.nodes = row.nodes.map(shown);
    texts.push(`${row.title}\n${row.user}\n${row.database}`.toLowerCase());
    positions.set(row.id, i);
  }
  return { list, texts, positions };
}

function shown(text: string): string {
  return plain.test(text) ? text : visibleLine(text);
}

export function presenceOf(row: StatementRow): Presence {
  if (row.source && row.target) return 'pairs';
  return row.target ? 'onlyTarget' : 'onlySource';
}
