/** What ends a line to PostgreSQL, or to an editor in which the SQL is read. */
export const lineBreaks = /\r\n|[\n\r\u2028\u2029\v\f]/;

/** SQL comments of a text that a server may have had a say in: every line is one, whatever line breaks a name brings. */
export function sqlComment(text: string): string {
  return text
    .split(lineBreaks)
    .map(line => `-- ${line}`)
    .join('\n');
}
