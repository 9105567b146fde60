import { visibleLine } from '../playbook/visible';

/** How to write for whoever reads: a terminal of some width, or a file. */
export interface Style {
  /** Columns. */
  width: number;
  color: boolean;
}

/** As wide as the terminal, else 120; colour on a terminal unless NO_COLOR says otherwise (no-color.org). */
export function styleFor(stream: { isTTY?: boolean; columns?: number }, env: NodeJS.ProcessEnv = process.env): Style {
  const columns = stream.isTTY ? stream.columns : Number.parseInt(env.COLUMNS ?? '', 10);
  return {
    width: columns && columns >= 40 ? Math.min(columns, 400) : columns ? 40 : 120,
    color: stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb',
  };
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35 } as const;
export type Paint = keyof typeof codes;

export function paint(text: string, how: Paint | undefined, style: Style): string {
  return how && style.color && text !== '' ? `\u001b[${codes[how]}m${text}\u001b[0m` : text;
}

const zeroWidth = /^(?:\p{Mark}|\u200c|\u200d)$/u;
const doubleWidth =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]$/u;

/** Columns a terminal needs for the text. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (character >= ' ' && character <= '~') width += 1;
    else if (doubleWidth.test(character)) width += 2;
    else if (!zeroWidth.test(character)) width += 1;
  }
  return width;
}

/** {@link cut} of the text on one line, its controls made visible. */
export function truncate(text: string, width: number): string {
  return cut(visibleLine(text), width);
}

/** At most `width` columns of the text, with an ellipsis where it was cut. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += displayWidth(character);
    if (used > width - 1) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - displayWidth(text))) + text;
}

/** The text in lines of at most `width` columns, cut between words; every line indented. */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of visibleLine(text).split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (line !== '' && displayWidth(indent + joined) > width) {
      lines.push(indent + line);
      line = word;
    } else {
      line = joined;
    }
  }
  return [...lines, indent + line];
}
