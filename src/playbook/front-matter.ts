import { isMap, LineCounter, parseDocument } from 'yaml';
import type { TextRange } from '../sql/offsets';

/** The format this Cutover reads and writes. */
export const playbookVersion = 1;

/** What a playbook says of itself at its top. Unknown keys are the user's and are left alone. */
export interface FrontMatter {
  /** `cutover:`, the format version. */
  version?: number;
  /** Name of the migration in the settings. */
  migration?: string;
  source?: string;
  target?: string;
}

export interface FrontMatterProblem extends TextRange {
  message: string;
  /** 1-based line of the document. */
  line: number;
}

const block = /^\ufeff?---[ \t]*(?:\r\n|\n|\r)((?:[\s\S]*?(?:\r\n|\n|\r))??)---[ \t]*(?:[\r\n]|$)/;

/** Offset behind the front matter and its line ending; undefined when there is none. */
export function frontMatterEnd(document: string): number | undefined {
  const match = block.exec(document);
  if (!match) return undefined;
  const end = match[0].length;
  return match[0].endsWith('\r') && document[end] === '\n' ? end + 1 : end;
}

export interface FrontMatterReading {
  /** Undefined: there is none. */
  frontMatter?: FrontMatter;
  problems: FrontMatterProblem[];
  /** Where each key at the top and its value stand. */
  places: ReadonlyMap<string, { key: TextRange; value: TextRange }>;
}

/** Four values need no more UTF-16 code units; the parser takes quadratic time for the number of keys. */
const longest = 10_000;

/** Never throws; what cannot be read is among the problems. */
export function readFrontMatter(document: string): FrontMatterReading {
  const places = new Map<string, { key: TextRange; value: TextRange }>();
  const problems: FrontMatterProblem[] = [];
  const match = block.exec(document);
  if (!match) return { problems, places };
  const start = document.indexOf(match[1]!, match[0].search(/[\r\n]/) + 1);
  const lines = new LineCounter();
  if (match[1]!.length > longest) {
    const message = `The front matter is longer than ${longest} characters and is not read. Is its end, ---, where it should be?`;
    return { frontMatter: {}, problems: [{ message, start: 0, end: start, line: 1 }], places };
  }
  const yaml = parseDocument(match[1]!, { lineCounter: lines, prettyErrors: false });
  const rangeOf = (node: unknown): TextRange => {
    const [from, to] = (node as { range?: [number, number, number] | null } | undefined)?.range ?? [0, 0];
    return { start: start + from, end: start + to };
  };
  const report = (message: string, range: TextRange): void => {
    problems.push({ message, ...range, line: lines.linePos(range.start - start).line + 1 });
  };
  const map = isMap(yaml.contents) ? yaml.contents : undefined;
  for (const { key, value } of map?.items ?? [])
    places.set(String(key), { key: rangeOf(key), value: value ? rangeOf(value) : rangeOf(key) });
  for (const { message, pos } of yaml.errors) report(message, { start: start + pos[0], end: start + pos[1] });
  if (problems.length > 0) return { frontMatter: {}, problems, places };
  if (yaml.contents !== null && !map) {
    report('Front matter must be a list of `key: value` lines.', rangeOf(yaml.contents));
    return { frontMatter: {}, problems, places };
  }
  let values: Record<string, unknown>;
  try {
    // Four plain values need no aliases; refusing them leaves no room for one that expands without end.
    values = (yaml.toJS({ maxAliasCount: 0 }) ?? {}) as Record<string, unknown>;
  } catch {
    report('Front matter may not use YAML aliases (`*name`).', rangeOf(map));
    return { frontMatter: {}, problems, places };
  }
  const frontMatter: FrontMatter = {};
  const placeOf = (key: string): TextRange => places.get(key)?.value ?? { start, end: start };
  if (typeof values.cutover === 'number') frontMatter.version = values.cutover;
  else report('`cutover` must be the format version, 1.', placeOf('cutover'));
  for (const key of ['migration', 'source', 'target'] as const) {
    const value = values[key];
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      frontMatter[key] = `${value}`;
    else if (value !== undefined && value !== null) report(`\`${key}\` must be text.`, placeOf(key));
  }
  return { frontMatter, problems, places };
}
