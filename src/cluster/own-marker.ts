/** Before every statement that Cutover sends: pg_stat_statements keeps it, so that Cutover's own can be told from the workload. */
export const ownMarker = '/* cutover */ ';

/** Several statements in one text, each with the marker; the first gets it when it is sent. */
export function inOneText(statements: readonly string[]): string {
  return statements.join(`; ${ownMarker}`);
}
