/**
 * What Cutover sends carries a comment, which pg_stat_statements keeps, so that it can be told from the workload. It stands
 * behind the first word: from PostgreSQL 18 on a kept text begins there.
 */
const marker = '/* cutover */';

/** SQL condition: the text is not Cutover's own. */
export function isTheirs(query: string): string {
  return `pg_catalog.left(${query}, 80) NOT LIKE '%${marker}%'`;
}

export function marked(sql: string): string {
  const at = endOfFirstWord(sql);
  return `${sql.slice(0, at)} ${marker}${sql.slice(at)}`;
}

/** Several statements in one text, each with the marker; the first gets it when it is sent. */
export function inOneText([first = '', ...others]: readonly string[]): string {
  return [first, ...others.map(marked)].join('; ');
}

/** 1-based place in `sql` of what the server calls `position` in the marked text. */
export function unmarkedPosition(sql: string, position: number): number {
  return position > endOfFirstWord(sql) + 1 ? position - marker.length - 1 : position;
}

function endOfFirstWord(sql: string): number {
  return /^\s*[A-Za-z]+/.exec(sql)?.[0].length ?? 0;
}
