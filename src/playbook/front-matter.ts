import { isMap, LineCounter, parseDocument } from 'yaml';

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

export interface FrontMatterProblem {
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

/** Undefined front matter: there is none. Never throws; what cannot be read is among the problems. */
export function readFrontMatter(document: string): { frontMatter?: FrontMatter; problems: FrontMatterProblem[] } {
  const match = block.exec(document);
  if (!match) return { problems: [] };
  const lines = new LineCounter();
  const yaml = parseDocument(match[1]!, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number): number => lines.linePos(offset).line + 1;
  const problems = yaml.errors.map(error => ({ message: error.message, line: lineAt(error.pos[0]) }));
  if (problems.length > 0) return { frontMatter: {}, problems };
  const map = isMap(yaml.contents) ? yaml.contents : undefined;
  if (yaml.contents !== null && !map) {
    return { frontMatter: {}, problems: [{ message: 'Front matter must be a list of `key: value` lines.', line: 2 }] };
  }
  let values: Record<string, unknown>;
  try {
    // Four plain values need no aliases; refusing them leaves no room for one that expands without end.
    values = (yaml.toJS({ maxAliasCount: 0 }) ?? {}) as Record<string, unknown>;
  } catch {
    return { frontMatter: {}, problems: [{ message: 'Front matter may not use YAML aliases (`*name`).', line: 2 }] };
  }
  const frontMatter: FrontMatter = {};
  const lineOf = (key: string): number => {
    const pair = map?.items.find(item => String(item.key) === key);
    const range = (pair?.key as { range?: [number, number, number] } | undefined)?.range;
    return range ? lineAt(range[0]) : 2;
  };
  if (typeof values.cutover === 'number') frontMatter.version = values.cutover;
  else problems.push({ message: '`cutover` must be the format version, 1.', line: lineOf('cutover') });
  for (const key of ['migration', 'source', 'target'] as const) {
    const value = values[key];
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      frontMatter[key] = `${value}`;
    else if (value !== undefined && value !== null)
      problems.push({ message: `\`${key}\` must be text.`, line: lineOf(key) });
  }
  return { frontMatter, problems };
}
