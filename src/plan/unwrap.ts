/**
 * Takes off what psql, a pager, a log or a spreadsheet put around EXPLAIN's output: the `QUERY PLAN` header with its rule,
 * borders, `+` at line ends (psql's mark for a line break inside a value), the `(12 rows)` footer, a log line's prefix.
 */
export function unwrapPlan(text: string): string {
  let lines = text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .split('\n');
  lines = lines.filter(line => !/^\s*[+|├┌└╟╔╚]?[-─═]{2,}[-+─┼┬┴═╪┐┤┘╢╗╝|]*\s*$/.test(line) || line.includes('RECORD'));
  lines = lines.map(withoutBorder);
  const header = lines.findIndex(line => /^\s*"?QUERY PLAN"?\s*$/i.test(line));
  if (header >= 0) lines = lines.slice(header + 1);
  const expanded = lines.findIndex(line => /^QUERY PLAN\s+[|│]/.test(line));
  if (expanded >= 0) lines = expandedRecord(lines.slice(expanded));
  const log = lines.findIndex(line => /\bduration: [\d.]+ ms\s+plan:\s*$/.test(line));
  if (log >= 0) lines = lines.slice(log + 1);
  const footer = lines.findIndex(line => /^\s*\(\d+ (?:rows?|lignes?|Zeilen?)\)\s*$/.test(line));
  if (footer >= 0) lines = lines.slice(0, footer);
  lines = lines.filter(line => !/^Time: [\d.,]+ ms\b/.test(line));
  lines = withoutContinuation(lines);
  return fromCsv(lines.join('\n'));
}

function withoutBorder(line: string): string {
  const match = /^\s*[|│║] ?(.*?)\s*[|│║]\s*$/.exec(line);
  return match ? match[1]! : line;
}

/** `\x` output: the first line carries the name, the others only the bar. */
function expandedRecord(lines: string[]): string[] {
  return lines.filter(line => !/RECORD/.test(line)).map(line => line.replace(/^(?:QUERY PLAN)?\s*[|│] ?/, ''));
}

/** psql pads lines of one value to a common width and marks all but the last with `+` (ASCII) or `↵` (Unicode). */
function withoutContinuation(lines: string[]): string[] {
  const marked = lines.filter(line => /[+↵]\s*$/.test(line)).length;
  const filled = lines.filter(line => line.trim()).length;
  if (marked === 0 || marked < filled - 1 - (filled >> 1)) return lines;
  return lines.map(line => line.replace(/\s*[+↵]\s*$/, ''));
}

/** A cell of a CSV export: quoted as a whole, quotes inside doubled. */
function fromCsv(text: string): string {
  const cell = /^\s*"(\s*[[{][\s\S]*[\]}]\s*)"\s*$/.exec(text);
  return cell && /""(?:Plan|Node Type|Query Text)""/.test(text) ? cell[1]!.replaceAll('""', '"') : text;
}
