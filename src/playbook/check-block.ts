/**
 * A check in a playbook: a fence whose info string is `sql check …` or `cutover check`. Written by people, so that whatever is
 * wrong with it is a problem with a place, and never an exception.
 */
import { isMap, isScalar, parseDocument } from 'yaml';
import { type CheckPlace, checkPlaces } from '../shared/check';
import { cutOut, type ExtractedText, TextExtractor } from '../sql/extracted-text';
import type { TextRange } from '../sql/offsets';
import { textHash } from '../sql/text-hash';
import type { Block } from './blocks';
import { behindLineEnding, endOfLine, startOfLine } from './edits';
import { type Expectation, parseExpect } from './expect/parse';
import { regionId } from './regions';

/** A word of the document and where it stands. */
export interface Located<T = string> extends TextRange {
  value: T;
}

export interface Problem extends TextRange {
  code: 'checkMalformed' | 'checkIdMissing' | 'checkExpectInvalid';
  message: string;
}

export interface CheckBlock extends TextRange {
  /** `sql`: its content is a question. `catalogue`: it names one of Cutover's own checks. */
  kind: 'sql' | 'catalogue';
  /** 1-based line of the opening fence. */
  line: number;
  /** The opening fence, to the end of its line. */
  head: TextRange;
  /** Undefined when it has none that can be used. */
  id: Located | undefined;
  on: Located<CheckPlace>;
  expect: Located<Expectation | undefined> | undefined;
  /** After that long a result is stale, in milliseconds. */
  everyMs: Located<number> | undefined;
  content: ExtractedText;
  /** Names what is asked and expected: a result of another definition is stale. */
  definition: string;
  problems: Problem[];
}

const fenceHead = /^(`{3,}|~{3,})[ \t]*(.*)$/;
const sqlCheck = /^(?:sql|pgsql|psql|postgres|postgresql)[ \t]+check(?![\w-])/i;
const catalogueCheck = /^cutover[ \t]+check(?![\w-])/i;

/** Undefined when the block is no check. */
export function readCheckBlock(document: string, block: Block): CheckBlock | undefined {
  if (block.type !== 'code') return undefined;
  const head = { start: block.start, end: endOfLine(document, block.start) };
  const match = fenceHead.exec(document.slice(head.start, head.end));
  if (!match) return undefined;
  const info = match[2]!.trimEnd();
  const named = sqlCheck.exec(info) ?? catalogueCheck.exec(info);
  if (!named) return undefined;
  const kind = catalogueCheck.test(info) ? 'catalogue' : 'sql';
  const content = contentOf(document, block, head.end, match[1]!);
  const infoStart = head.start + document.slice(head.start, head.end).indexOf(info, match[1]!.length);
  const problems: Problem[] = [];
  const attributes = readAttributes(info, named[0].length, infoStart, problems);
  const common = { kind, start: block.start, end: block.end, line: block.line, head, content, problems } as const;
  if (kind === 'catalogue') return { ...common, ...readCatalogueCheck(content, head, attributes, problems) };
  return { ...common, ...readSqlCheck(content, head, attributes, problems) };
}

/** Checks by the text of their blocks: what is written elsewhere only moves them. */
export type KnownChecks = Map<string, CheckBlock>;

/** As {@link readCheckBlock}, of a block that may have been read before: `known` what was, `seen` what is there now. */
export function readKnownCheck(
  document: string,
  block: Block,
  known: KnownChecks,
  seen: KnownChecks,
): CheckBlock | undefined {
  if (block.type !== 'code') return undefined;
  const key = document.slice(startOfLine(document, block.start), block.end);
  const read = seen.get(key) ?? known.get(key) ?? readCheckBlock(document, block);
  if (read) seen.set(key, read);
  return read && moved(read, block);
}

function moved(check: CheckBlock, { start, line }: Block): CheckBlock {
  const by = start - check.start;
  const at = <T extends TextRange>(place: T): T => ({ ...place, start: place.start + by, end: place.end + by });
  const { head, id, on, expect, everyMs, content, problems } = check;
  return {
    ...at(check),
    line,
    head: at(head),
    id: id && at(id),
    on: at(on),
    expect: expect && at(expect),
    everyMs: everyMs && at(everyMs),
    content: {
      text: content.text,
      offsetOf: index => content.offsetOf(index) + by,
      indexOf: offset => content.indexOf(offset - by),
    },
    problems: problems.map(at),
  };
}

/** Names of attributes of a ```sql check, in the order in which completion offers them. */
export const checkAttributes = ['id', 'on', 'expect', 'every'] as const;
type CheckAttribute = (typeof checkAttributes)[number];
type Attributes = Partial<Record<CheckAttribute, Located>>;

/** `id=versions on=both expect=rows > 0 every=10m`: a value reaches to the next attribute, so that it needs no quotes. */
function readAttributes(info: string, from: number, offset: number, problems: Problem[]): Attributes {
  const found = [...info.slice(from).matchAll(/(?<=\s)(id|on|expect|every)=/g)];
  const attributes: Attributes = {};
  const between = info.slice(from, from + (found[0]?.index ?? info.length));
  if (between.trim() !== '') {
    const range = trimmed(between, offset + from);
    problems.push({
      ...range,
      code: 'checkMalformed',
      message: `“${between.trim()}” is no attribute of a check. There are ${checkAttributes.join('=, ')}=.`,
    });
  }
  found.forEach((match, i) => {
    const name = match[1] as CheckAttribute;
    const start = from + match.index + match[0].length;
    const end = from + (found[i + 1]?.index ?? info.length - from);
    const range = trimmed(info.slice(start, end), offset + start);
    let value = info.slice(range.start - offset, range.end - offset);
    if (/^".*"$/.test(value) && value.length > 1) {
      value = value.slice(1, -1);
      range.start++;
      range.end--;
    }
    if (attributes[name])
      problems.push({
        start: offset + from + match.index,
        end: range.end,
        code: 'checkMalformed',
        message: `${name}= stands twice. Remove one of them.`,
      });
    else attributes[name] = { ...range, value };
  });
  return attributes;
}

function trimmed(text: string, offset: number): TextRange {
  const start = offset + (text.length - text.trimStart().length);
  return { start, end: Math.max(start, offset + text.trimEnd().length) };
}

type Read = Pick<CheckBlock, 'id' | 'on' | 'expect' | 'everyMs' | 'definition'>;

function readSqlCheck(content: ExtractedText, head: TextRange, attributes: Attributes, problems: Problem[]): Read {
  const { expect } = attributes;
  const on = readOn(attributes.on, problems);
  const read: Read = {
    id: readId(attributes.id, head, 'id=', problems),
    on: on ?? { value: 'both', start: head.end, end: head.end },
    expect: undefined,
    everyMs: readEvery(attributes.every, problems),
    definition: definitionOf('sql', attributes.on?.value ?? 'both', expect?.value ?? '', content.text),
  };
  if (!expect || expect.value === '') {
    const range = expect ?? head;
    const message =
      'The check does not say what it expects. Add expect=, as expect=same, expect=empty or expect=rows > 0.';
    problems.push({ start: range.start, end: range.end, code: 'checkExpectInvalid', message });
  } else {
    const parsed = parseExpect(expect.value);
    read.expect = { start: expect.start, end: expect.end, value: parsed.ok ? parsed.expectation : undefined };
    if (!parsed.ok) {
      const start = expect.start + parsed.start;
      problems.push({ start, end: expect.start + parsed.end, code: 'checkExpectInvalid', message: parsed.message });
    }
  }
  if (content.text.trim() === '')
    problems.push({ ...head, code: 'checkMalformed', message: 'There is no SQL in this check. Write the question.' });
  return read;
}

function readOn(on: Located | undefined, problems: Problem[]): Located<CheckPlace> | undefined {
  if (!on) return undefined;
  const value = checkPlaces.find(place => place === on.value);
  if (value) return { ...on, value };
  const message = `on= is ${checkPlaces.slice(0, -1).join(', ')} or ${checkPlaces.at(-1)}, not “${on.value}”.`;
  problems.push({ start: on.start, end: on.end, code: 'checkMalformed', message });
  return undefined;
}

function readId(id: Located | undefined, head: TextRange, name: string, problems: Problem[]): Located | undefined {
  if (!id || id.value === '') {
    const message = `The check has no id, which its result and its name in the Testing view need. Add ${name}.`;
    problems.push({ start: id?.start ?? head.start, end: id?.end ?? head.end, code: 'checkIdMissing', message });
    return undefined;
  }
  if (regionId.test(id.value)) return id;
  const message = `“${id.value}” cannot be an id: letters, digits, and . _ / - between them.`;
  problems.push({ start: id.start, end: id.end, code: 'checkMalformed', message });
  return undefined;
}

const unitMs: Record<string, number> = { s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

function readEvery(every: Located | undefined, problems: Problem[]): Located<number> | undefined {
  if (!every) return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*(s|m|min|h|d)$/.exec(every.value);
  const value = match ? Number(match[1]) * unitMs[match[2]!]! : 0;
  if (value > 0) return { ...every, value };
  const message = `every= is a time as 30s, 10m, 2h or 1d, not “${every.value}”.`;
  problems.push({ start: every.start, end: every.end, code: 'checkMalformed', message });
  return undefined;
}

const catalogueKeys = ['id', 'every'];

/** An id and a time need no more UTF-16 code units; the parser takes quadratic time for the number of keys. */
const longestCatalogueCheck = 1000;

function readCatalogueCheck(
  content: ExtractedText,
  head: TextRange,
  attributes: Attributes,
  problems: Problem[],
): Read {
  const malformed = (range: TextRange, message: string) =>
    problems.push({ start: range.start, end: range.end, code: 'checkMalformed', message });
  const values = new Map(Object.entries(attributes));
  const isTooLong = content.text.length > longestCatalogueCheck;
  if (isTooLong)
    malformed(
      head,
      `There are more than ${longestCatalogueCheck} characters in this check. Write id: and every: alone.`,
    );
  const yaml = parseDocument(isTooLong ? '' : content.text, { prettyErrors: false, uniqueKeys: true });
  const at = ([start, end]: readonly [number, number, ...unknown[]]): TextRange => ({
    start: content.offsetOf(start),
    end: content.offsetOf(end),
  });
  for (const { pos, message } of yaml.errors) malformed(at(pos), `This is no YAML: ${message}`);
  if (yaml.errors.length === 0 && yaml.contents !== null) {
    if (!isMap(yaml.contents))
      malformed(
        { start: content.offsetOf(0), end: content.offsetOf(content.text.length) },
        'Write `id:` and the id of a check.',
      );
    else
      for (const { key, value } of yaml.contents.items) {
        if (!isScalar(key) || !key.range) continue;
        const name = String(key.value);
        if (!catalogueKeys.includes(name))
          malformed(at(key.range), `“${name}” means nothing here. There are id: and every:.`);
        else if (value !== null && !isScalar(value)) malformed(at(key.range), `${name}: must be one word.`);
        else if (isScalar(value) && value.range && value.value !== null)
          values.set(name as CheckAttribute, { ...at(value.range), value: String(value.value) });
      }
  }
  const id = values.get('id');
  return {
    id: readId(id, head, 'id:', problems),
    on: { value: 'both', start: head.end, end: head.end },
    expect: undefined,
    everyMs: readEvery(values.get('every'), problems),
    definition: definitionOf('catalogue', id?.value ?? ''),
  };
}

/** Eight characters: enough to tell what a check was from what it is. */
function definitionOf(...parts: string[]): string {
  return textHash(parts.map(part => part.replaceAll(/\r\n?/g, '\n').trim()).join('\n')).slice(-8);
}

/** The lines between the fences, without as much indentation as the opening fence has. */
function contentOf(document: string, block: Block, headEnd: number, fence: string): ExtractedText {
  const start = behindLineEnding(document, headEnd);
  if (start >= block.end) return cutOut(document, block.end, block.end);
  const lastLine = startOfLine(document, block.end);
  const isClosed =
    lastLine >= start &&
    new RegExp(`^ {0,3}\\${fence[0]}{${fence.length},}[ \\t]*$`).test(document.slice(lastLine, block.end));
  const end = isClosed ? lastLine : block.end;
  const indentation = block.start - startOfLine(document, block.start);
  if (indentation === 0) return cutOut(document, start, end);
  const text = new TextExtractor();
  for (let line = start; line < end; ) {
    const next = Math.min(end, behindLineEnding(document, endOfLine(document, line)));
    let at = line;
    while (at < line + indentation && document[at] === ' ') at++;
    text.append(document.slice(at, next), at);
    line = next;
  }
  return text.finish(end);
}
