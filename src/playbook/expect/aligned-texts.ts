/** Two answers as text in columns, for a diff: equal rows give equal lines. */
import { shownCell } from './shown';

type Answer = readonly [columns: readonly { name: string }[], rows: readonly (readonly (string | null)[])[]];

/** Of one value. Two that differ beyond it look alike. */
const mostCharacters = 1000;
/** Further cells are not padded: one long text would push all others out of sight. */
const widest = 40;

export function alignedTexts(source: Answer, target: Answer): { expected: string; actual: string } {
  const tables = [source, target].map(([columns, rows]) => [
    columns.map(column => shownCell(column.name, mostCharacters)),
    ...rows.map(row => row.map(cell => shownCell(cell, mostCharacters))),
  ]);
  const widths: number[] = [];
  for (const line of tables.flat())
    line.forEach((cell, i) => {
      if (cell.length <= widest) widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  const [expected = '', actual = ''] = tables.map(table =>
    table
      .map(line =>
        line
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd(),
      )
      .join('\n'),
  );
  return { expected, actual };
}
