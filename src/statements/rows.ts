/** Rows of pg_stat_statements in the lines that a node sends: columns, and how to read them back. */
import { at, columnOf, extensionVersion, type FigureId, type Figures, figureIds, noFigures } from './figures';

/** One row of pg_stat_statements on one node. */
export interface StatementRecord {
  user: string;
  database: string;
  toplevel: boolean;
  queryId: string;
  /** ISO; extension 1.11 and newer. */
  since: string | undefined;
  figures: Figures;
  sql: string;
  truncated: boolean;
}

/** Longer texts are cut by the server: what identifies a statement stands before that, what follows are rows of VALUES. */
export const longestText = 20_000;

/** The columns before the figures. */
const leading = 6;

/** The figures that a version keeps, in the order of their columns. */
export function figuresOf(version: number): FigureId[] {
  return figureIds.filter(id => columnOf(id, version) !== undefined);
}

/**
 * Reads one line: JSON of the role, JSON of the database, `t` when it is at top level, query id, since when (or nothing), `t` when
 * the text is cut; then the figures; then JSON of the text. Tabs between: JSON has none of its own.
 */
export class RowReader {
  readonly #places: number[];
  /** Roles and databases are few. */
  readonly #names = new Map<string, string>();

  constructor(extension: string) {
    this.#places = figuresOf(extensionVersion(extension)).map(id => at[id]);
  }

  read(line: string): StatementRecord {
    const fields = line.split('\t');
    const figures = noFigures();
    const places = this.#places;
    if (fields.length !== leading + places.length + 1)
      throw new Error(`A row of ${fields.length} fields where ${leading + places.length + 1} were expected.`);
    for (let i = 0; i < places.length; i++) {
      const text = fields[leading + i]!;
      if (text !== '') figures[places[i]!] = Number(text);
    }
    return {
      user: this.#name(fields[0]!),
      database: this.#name(fields[1]!),
      toplevel: fields[2] !== 'f',
      queryId: fields[3]!,
      since: fields[4] === '' ? undefined : fields[4],
      truncated: fields[5] === 't',
      figures,
      sql: JSON.parse(fields.at(-1)!) as string,
    };
  }

  #name(json: string): string {
    let name = this.#names.get(json);
    if (name === undefined) {
      name = JSON.parse(json) as string;
      this.#names.set(json, name);
    }
    return name;
  }
}

/** The rows of an answer from `rowsFrom` on. */
export function* readRows(answer: string, rowsFrom: number, extension: string): Generator<StatementRecord> {
  const reader = new RowReader(extension);
  for (let start = rowsFrom; start < answer.length; ) {
    const end = answer.indexOf('\n', start);
    const stop = end < 0 ? answer.length : end;
    if (stop > start) yield reader.read(answer.slice(start, stop));
    start = stop + 1;
  }
}
