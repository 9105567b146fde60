/**
 * SQL that stands in a string literal of another language. Covers the common literals of JavaScript, TypeScript, Python,
 * Go, Java, Kotlin, C#, Ruby, PHP, Rust, Scala, shell and YAML; strings put together by an operator or by interpolation
 * are taken as they stand.
 */
import { cutOut, type ExtractedText, TextExtractor } from './extracted-text';
import type { TextRange } from './offsets';

const quotes = ['"""', "'''", '"', "'", '`'] as const;
type Quote = (typeof quotes)[number];

/** How a literal says a character that it cannot hold: `\n`, a doubled quote, or not at all. */
type Escapes = 'backslash' | 'doubled' | 'none';

/** r"", f"", b'', u'', rb"", @"", $"", $@"" */
const prefixBefore = /(?:[rRbBuUfF]{1,2}|[@$]{1,2})$/;

/**
 * The SQL of a selection: inside its quotes, whether they are selected or right around it, with escapes undone. Text
 * that is no single literal is taken as it stands.
 */
export function sqlOfSelection(document: string, selection: TextRange, languageId: string): ExtractedText {
  const literal = selectedLiteral(document, selection) ?? surroundingLiteral(document, selection);
  if (!literal) return cutOut(document, selection.start, selection.end);
  const escapes = escapesOf(literal.quote, literal.prefix, languageId);
  const { body, quote } = literal;
  if (literal.isSelected && !isOneLiteral(document.slice(body.start, body.end), quote, escapes)) {
    return cutOut(document, selection.start, selection.end);
  }
  return undoEscapes(document, body, quote, escapes);
}

interface Literal {
  quote: Quote;
  prefix: string;
  body: TextRange;
  isSelected: boolean;
}

function selectedLiteral(document: string, { start, end }: TextRange): Literal | undefined {
  const selected = document.slice(start, end);
  const prefix = /^(?:[rRbBuUfF]{1,2}|[@$]{1,2})(?=["'`])/.exec(selected)?.[0] ?? '';
  const closed = selected.replace(/[;,)\s]+$/, '');
  const quote = quotes.find(
    candidate =>
      selected.startsWith(candidate, prefix.length) &&
      closed.endsWith(candidate) &&
      closed.length >= prefix.length + 2 * candidate.length,
  );
  if (!quote) return undefined;
  const body = { start: start + prefix.length + quote.length, end: start + closed.length - quote.length };
  return { quote, prefix, body, isSelected: true };
}

function surroundingLiteral(document: string, { start, end }: TextRange): Literal | undefined {
  const before = document.slice(Math.max(0, start - 8), start);
  const quote = quotes.find(candidate => before.endsWith(candidate) && document.startsWith(candidate, end));
  if (!quote) return undefined;
  const prefix = prefixBefore.exec(before.slice(0, -quote.length))?.[0] ?? '';
  return { quote, prefix, body: { start, end }, isSelected: false };
}

function escapesOf(quote: Quote, prefix: string, languageId: string): Escapes {
  if (/r/i.test(prefix)) return 'none';
  if (prefix.includes('@')) return 'doubled';
  switch (languageId) {
    case 'go':
      return quote === '`' ? 'none' : 'backslash';
    case 'csharp':
    case 'kotlin':
    case 'scala':
      return quote === '"""' ? 'none' : 'backslash';
    case 'shellscript':
      return quote === "'" ? 'none' : 'backslash';
    case 'yaml':
      return quote === "'" ? 'doubled' : 'backslash';
    case 'markdown':
      return 'none';
    default:
      return 'backslash';
  }
}

/** Whether no closing quote stands inside the body. */
function isOneLiteral(body: string, quote: Quote, escapes: Escapes): boolean {
  for (let at = 0; at < body.length; at++) {
    if (escapes === 'backslash' && body[at] === '\\') at++;
    else if (escapes === 'doubled' && body.startsWith(quote + quote, at)) at += 2 * quote.length - 1;
    else if (body.startsWith(quote, at)) return false;
  }
  return true;
}

const controls: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v' };
const escapeSequence = /\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|[\s\S]))/y;

function undoEscapes(document: string, body: TextRange, quote: Quote, escapes: Escapes): ExtractedText {
  if (escapes === 'none') return cutOut(document, body.start, body.end);
  const extractor = new TextExtractor();
  let copied = body.start;
  let at = body.start;
  const replace = (text: string, length: number) => {
    extractor.append(document.slice(copied, at), copied);
    extractor.append(text, at);
    at += length;
    copied = at;
  };
  while (at < body.end) {
    if (escapes === 'doubled') {
      if (document.startsWith(quote + quote, at)) replace(quote, 2 * quote.length);
      else at++;
      continue;
    }
    escapeSequence.lastIndex = at;
    const match = document[at] === '\\' ? escapeSequence.exec(document) : null;
    const text = match ? unescaped(match) : undefined;
    if (match && text !== undefined && at + match[0].length <= body.end) replace(text, match[0].length);
    else at++;
  }
  extractor.append(document.slice(copied, body.end), copied);
  return extractor.finish(body.end);
}

/** Undefined for what is no escape in most languages, as `\d`: both characters stay. */
function unescaped([, braced, four, two, character]: RegExpExecArray): string | undefined {
  const hex = braced ?? four ?? two;
  if (hex !== undefined) {
    const codePoint = Number.parseInt(hex, 16);
    return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : undefined;
  }
  if (character === '\n' || character === '\r\n') return '';
  if (/["'`\\$/]/.test(character!)) return character;
  return controls[character!];
}
