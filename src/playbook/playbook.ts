/** A playbook as a structure over its text: phases, steps, checks with their results, findings. Every part knows its place. */
import type { TextRange } from '../sql/offsets';
import { type Block, type Place, readBlocks, SectionMemory } from './blocks';
import { type CheckBlock, type KnownChecks, type Located, readKnownCheck } from './check-block';
import { endOfLine } from './edits';
import { type FrontMatter, type FrontMatterProblem, type FrontMatterReading, readFrontMatter } from './front-matter';
import { type Region, readRegions } from './regions';
import { readResult, resultBelow, type StoredResult } from './results';

/** A heading of level 2, other than “Findings”. */
export interface Phase extends TextRange {
  title: Located;
  line: number;
  steps: Step[];
}

/** `- owner: Antoine` below a step's heading. */
export interface Fact {
  key: Located;
  value: Located;
  line: number;
}

/** A heading of level 3 within a phase. */
export interface Step extends TextRange {
  title: Located;
  line: number;
  phase: Phase;
  /** Its checkbox; undefined when it has none. */
  done: Located<boolean> | undefined;
  /** By key in lower case; the first of each. */
  facts: ReadonlyMap<string, Fact>;
  checks: PlaybookCheck[];
}

export interface PlaybookCheck extends CheckBlock {
  phase: Phase | undefined;
  step: Step | undefined;
  region: Region | undefined;
  result: StoredResult | undefined;
}

export interface PlaybookFinding {
  id: string;
  region: Region;
  heading: Located | undefined;
  severity: string;
  confidence: string;
  /** Whoever settled it says so with an attribute, as `status=accepted`. */
  status: string | undefined;
}

export interface Playbook {
  text: string;
  frontMatter: FrontMatter | undefined;
  frontMatterProblems: readonly FrontMatterProblem[];
  frontMatterPlaces: FrontMatterReading['places'];
  /** The front matter with its fences. */
  frontMatterRange: TextRange | undefined;
  title: Located | undefined;
  phases: Phase[];
  checks: PlaybookCheck[];
  findings: PlaybookFinding[];
  regions: readonly Region[];
  blocks: readonly Block[];
}

/** Reads any text; what is wrong with it is for {@link lint} to say. */
export function readPlaybook(text: string, memory = new SectionMemory()): Playbook {
  const blocks = readBlocks(text, memory);
  const regions = readRegions(blocks);
  const { frontMatter, problems, places } = readFrontMatter(text);
  const [top] = blocks;
  const playbook: Playbook = {
    text,
    frontMatter,
    frontMatterProblems: problems,
    frontMatterPlaces: places,
    frontMatterRange: top?.type === 'frontMatter' ? { start: top.start, end: top.end } : undefined,
    title: undefined,
    phases: [],
    checks: [],
    findings: [],
    regions,
    blocks,
  };
  const reader = new Reader(playbook, memory.checks);
  for (const block of blocks) reader.take(block);
  reader.close(text.length);
  memory.checks = reader.checks;
  return playbook;
}

/** Walks the blocks in order, knowing under which headings it is. */
class Reader {
  #phase: Phase | undefined;
  #step: (Step & { facts: Map<string, Fact> }) | undefined;
  #heading: Block | undefined;
  #at = 0;

  readonly checks: KnownChecks = new Map();

  constructor(
    private readonly playbook: Playbook,
    private readonly known: KnownChecks,
  ) {}

  take(block: Block): void {
    const { text, regions } = this.playbook;
    while (this.#at < regions.length && regions[this.#at]!.end <= block.start) this.#at++;
    const region = regions[this.#at];
    if (region && !region.broken && region.start < block.start && block.end <= region.end) return;
    if (region?.start === block.start && region.kind === 'finding') this.#addFinding(region);
    if (block.type === 'heading') this.#takeHeading(block);
    else if (block.type === 'list' && this.#step) readFacts(text, block.items, this.#step);
    else if (block.type === 'code') this.#takeCheck(block);
  }

  close(end: number): void {
    this.#closeStep(end);
    if (this.#phase) this.#phase.end = end;
    this.#phase = undefined;
  }

  #closeStep(end: number): void {
    if (this.#step) this.#step.end = end;
    this.#step = undefined;
  }

  #takeHeading(block: Block): void {
    this.#heading = block;
    const { depth, start, line } = block;
    if (depth === 1) {
      this.close(start);
      this.playbook.title ??= located(block);
    } else if (depth === 2) {
      this.close(start);
      if (isFindings(block.text)) return;
      this.#phase = { title: located(block), start, end: block.end, line, steps: [] };
      this.playbook.phases.push(this.#phase);
    } else if (depth === 3 && this.#phase) {
      this.#closeStep(start);
      const { end } = block;
      const title = located(block);
      this.#step = { title, start, end, line, phase: this.#phase, done: undefined, facts: new Map(), checks: [] };
      this.#phase.steps.push(this.#step);
    }
  }

  #takeCheck(block: Block): void {
    const { text, blocks, regions, checks } = this.playbook;
    const read = readKnownCheck(text, block, this.known, this.checks);
    if (!read) return;
    const region = resultBelow(block, blocks, regions);
    const result = region && !region.broken ? readResult(text, region) : undefined;
    const check = { ...read, phase: this.#phase, step: this.#step, region, result };
    checks.push(check);
    this.#step?.checks.push(check);
  }

  #addFinding(region: Region): void {
    const { id, attributes } = region;
    this.playbook.findings.push({
      id,
      region,
      heading: this.#heading && located(this.#heading),
      severity: attributes.get('severity') ?? 'info',
      confidence: attributes.get('confidence') ?? 'unknown',
      status: attributes.get('status'),
    });
  }
}

export function isFindings(heading: string): boolean {
  return heading.trim().toLowerCase() === 'findings';
}

function located({ text, start, end }: Block): Located {
  return { value: text.trim(), start, end };
}

const listItem = /^(?:[-+*]|\d{1,9}[.)])(?:[ \t]+|$)(?:\[([ xX])\](?:[ \t]+|$))?/;
const fact = /^([A-Za-z][A-Za-z ]{0,30}?)[ \t]*:(?:[ \t]+|$)/;

function readFacts(text: string, items: readonly Place[], step: Step & { facts: Map<string, Fact> }): void {
  for (const { start, end, line } of items) {
    const lineEnd = endOfLine(text, start);
    const marker = listItem.exec(text.slice(start, lineEnd));
    if (!marker) continue;
    const at = start + marker[0].length;
    if (marker[1] !== undefined && !step.done) {
      const box = start + marker[0].indexOf('[');
      step.done = { value: marker[1] !== ' ', start: box, end: box + 3 };
    }
    const match = fact.exec(text.slice(at, lineEnd));
    if (!match) continue;
    const key = match[1]!.toLowerCase();
    if (step.facts.has(key)) continue;
    const valueStart = at + match[0].length;
    // A value may go on in the lines below, as the Markdown does.
    const value = text.slice(valueStart, Math.max(valueStart, end)).trimEnd();
    step.facts.set(key, {
      key: { value: key, start: at, end: at + match[1]!.length },
      value: { value: value.replace(/\s+/g, ' ').trim(), start: valueStart, end: valueStart + value.length },
      line,
    });
  }
}

/** A value that somebody filled in: a template's blank, dash or question mark is none. */
export function factOf(step: Step, key: string): Fact | undefined {
  const found = step.facts.get(key);
  return found && !/^(?:|[-–—?…]|\.\.\.|tbd|todo)$/i.test(found.value.value) ? found : undefined;
}
