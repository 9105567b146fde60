import { elements, type ListPlace, lists, objects, type Place, structure } from './json-places';
import { JsonScanner, tokenOf } from './json-scanner';
import type { PlanNode, PlanStatement } from './model';
import { isTextField, setNumberField, setTextField } from './node-fields';
import type { PlanBuilder } from './plan-builder';
import { type PlanValue, Properties, type Shape } from './properties';

interface Frame {
  readonly isList: boolean;
  place: Place;
  /** The node the contents belong to; for statements the one they hang below, if any. */
  node: PlanNode | undefined;
  statement: PlanStatement | undefined;
  /** Where an object's members go. */
  properties: Properties;
  /** Where a list's items go. */
  items: PlanValue[];
  /** The name this came under. */
  readonly name: string;
  /** Plans were found inside: they live in the tree, so the list or object itself is not kept as a value. */
  heldPlans: boolean;
}

const quote = 34;
const openBrace = 123;
const closeBrace = 125;
const openBracket = 91;
const closeBracket = 93;
const comma = 44;
const colon = 58;

/** Reads FORMAT TEXT that stands inside the JSON, below the given node. */
export type ReadText = (text: string, builder: PlanBuilder, container: number, label: string) => void;

/**
 * Reads EXPLAIN (FORMAT JSON) in one pass with an explicit stack. Not JSON.parse: identifiers above 2^53 must stay exact,
 * names may repeat, and Citus puts FORMAT TEXT into the JSON where it explains a prepared statement, or a bare sentence
 * when citus.explain_distributed_queries is off (seen up to 13.0). What cannot be read is kept as text and named in the
 * builder's problems; nothing is thrown.
 */
export class JsonReader extends JsonScanner {
  readonly #stack: Frame[] = [];

  constructor(
    text: string,
    private readonly builder: PlanBuilder,
    private readonly readText: ReadText,
  ) {
    super(text);
  }

  read(start: number): void {
    this.pos = start;
    const { length } = this;
    this.#push('statements', true, undefined, undefined, '');
    const bare = /^\s*\{\s*"Node Type"/.test(this.text.slice(start, start + 1000));
    if (bare) this.#wrapBareNode();
    for (;;) {
      const frame = this.#stack[this.#stack.length - 1]!;
      const code = this.skipSpace();
      if (this.pos >= length) break;
      if (code === comma) this.pos++;
      else if (code === closeBrace || code === closeBracket) this.#close(code === closeBracket);
      else if (frame.isList) this.#value(frame, code);
      else if (code === quote) this.#members(frame);
      else this.#foreign(frame, '');
    }
    if (this.#stack.length > (bare ? 2 : 1))
      this.builder.problems.push('The JSON ends early: the end of the plan is missing.');
    while (this.#stack.length > 0) this.#pop();
  }

  /** Somebody copied the inside of `Plan` alone. */
  #wrapBareNode(): void {
    const statement = this.builder.openStatement(-1, undefined);
    this.#push('statement', false, undefined, statement, '', statement.properties);
    const node = this.builder.openRoot(statement);
    this.#push('node', false, node, statement, 'Plan', node.properties);
    this.skipSpace();
    this.pos++;
  }

  #push(
    place: Place,
    isList: boolean,
    node: PlanNode | undefined,
    statement: PlanStatement | undefined,
    name: string,
    properties?: Properties,
  ): Frame {
    const frame: Frame = {
      isList,
      place,
      node,
      statement,
      properties: properties ?? noProperties,
      items: noItems,
      name,
      heldPlans: false,
    };
    this.#stack.push(frame);
    return frame;
  }

  /** Names and values as long as they are simple. */
  #members(frame: Frame): void {
    const { length } = this.#stack;
    let code = quote;
    while (code === quote && this.#stack.length === length) {
      this.#member(frame);
      code = this.skipSpace();
      if (code !== comma) return;
      this.pos++;
      code = this.skipSpace();
    }
  }

  /** A name and its value: the part of the reader that runs some twenty times per node. */
  #member(frame: Frame): void {
    this.advance();
    const { properties } = frame;
    let shape = properties.shape.likely;
    if (shape === undefined || !this.skipToken(shape.token)) {
      const name = this.string();
      if (this.skipSpace() === colon) this.pos++;
      if (this.#structure(frame, name)) return;
      shape = properties.shape.with(name);
    }
    const code = this.skipSpace();
    if (code === openBrace) this.#open(frame, shape.name, false);
    else if (code === openBracket) {
      const offset = this.pos;
      if (this.skipStrings()) this.#encoded(frame, shape, offset);
      else this.#open(frame, shape.name, true);
    } else this.#scalarMember(frame, shape, code);
  }

  #scalarMember(frame: Frame, shape: Shape, code: number): void {
    const offset = this.pos;
    const { field } = shape;
    if (frame.place === 'node' && isTextField(field) && code === quote) {
      setTextField(frame.node!, field, this.#text(shape));
    } else if (code === quote) {
      if (field === 0 || frame.place !== 'node') this.skipString();
      else setNumberField(frame.node!, field, Number(this.string()));
    } else if (!this.scalar()) {
      this.#foreign(frame, shape.name);
      return;
    } else if (field > 0 && frame.place === 'node') {
      if (isTextField(field)) setTextField(frame.node!, field, this.text.slice(offset, this.pos));
      else setNumberField(frame.node!, field, this.number);
    }
    this.#encoded(frame, shape, offset);
  }

  /** The string under the cursor, without a new copy when it is the one that stands there usually. */
  #text(shape: Shape): string {
    const { usual } = shape;
    if (usual !== undefined && this.skipToken(usual.token)) return usual.text;
    const start = this.pos;
    const text = this.string();
    shape.usual ??= { token: tokenOf(this.text.slice(start, this.pos)), text };
    return text;
  }

  #encoded(frame: Frame, shape: Shape, offset: number): void {
    frame.properties.addOffset(shape, offset);
  }

  /** Opens what stands for a level of the tree; false for an ordinary property. */
  #structure(frame: Frame, name: string): boolean {
    const isList = structure(lists, frame.place, name) !== undefined;
    if (!isList && structure(objects, frame.place, name) === undefined) return false;
    if (this.skipSpace() !== (isList ? openBracket : openBrace)) return false;
    this.#open(frame, name, isList);
    return true;
  }

  #value(frame: Frame, code: number): void {
    if (code === openBrace || code === openBracket) {
      this.#open(frame, '', code === openBracket);
      return;
    }
    const start = this.pos;
    if (code === quote) this.#keep(frame, '', this.string());
    else if (this.scalar()) this.#keep(frame, '', this.text.slice(start, this.pos));
    else this.#foreign(frame, '');
  }

  /** Puts a value where its frame keeps values. */
  #keep(frame: Frame, name: string, value: PlanValue): void {
    switch (frame.place) {
      case 'list':
        frame.items.push(value);
        break;
      case 'statements':
        this.#utility(frame, value);
        break;
      case 'node':
        this.builder.property(frame.node!, name, value);
        break;
      case 'children':
      case 'subplans':
      case 'tasks':
      case 'dependentJobs':
        this.builder.property(frame.node!, frame.name, value);
        break;
      default:
        frame.properties.add(name, value);
    }
  }

  /** A statement without a plan: EXPLAIN says `"Utility Statement"` or the like in its place. */
  #utility(frame: Frame, value: PlanValue): void {
    const statement = this.builder.openStatement(frame.node?.index ?? -1, frame.name || undefined);
    const node = this.builder.openRoot(statement);
    node.kind = 'utility';
    node.type = typeof value === 'string' ? value : 'Unknown';
    if (typeof value !== 'string') node.properties.add('Value', value);
    this.builder.closeNode(node);
    this.builder.closeStatement(statement);
  }

  #open(parent: Frame, name: string, isList: boolean): void {
    this.pos++;
    const { builder } = this;
    if (isList) {
      const place = parent.place === 'statements' ? 'statements' : (structure(lists, parent.place, name) ?? 'list');
      const frame = this.#push(place, true, parent.node, parent.statement, name || parent.name);
      if (place === 'list') frame.items = [];
      return;
    }
    const place = parent.isList
      ? (elements[parent.place as ListPlace] ?? 'object')
      : (structure(objects, parent.place, name) ?? 'object');
    const { node } = parent;
    switch (place) {
      case 'statement': {
        const statement = builder.openStatement(node?.index ?? -1, parent.name || undefined);
        this.#push('statement', false, node, statement, name, statement.properties);
        break;
      }
      case 'node': {
        if (parent.place === 'object') this.#becomeStatement(parent);
        const opened = this.#openNode(parent);
        this.#push('node', false, opened, parent.statement, name, opened.properties);
        break;
      }
      case 'job':
        this.#push('job', false, node, parent.statement, name, builder.jobOf(node!).properties);
        break;
      case 'distributedQuery':
        this.#push('distributedQuery', false, node, parent.statement, name, node!.properties);
        break;
      default:
        this.#push('object', false, node, parent.statement, name, builder.newProperties());
    }
  }

  #openNode(parent: Frame): PlanNode {
    const { builder } = this;
    const above = parent.node?.index ?? -1;
    const statement = parent.statement!;
    if (parent.place === 'statement') return builder.openRoot(statement);
    if (parent.place === 'subplans') return builder.openNode(above, statement.index, 'subplan', 'Distributed Subplan');
    if (parent.place === 'tasks') return builder.openNode(above, statement.index, 'task', 'Task');
    if (parent.place === 'dependentJobs') return builder.openNode(above, statement.index, 'mapMergeJob', 'MapMergeJob');
    return builder.openNode(above, statement.index, 'operator', '');
  }

  /** An object under a name unknown to us turns out to hold a plan, as `Select Query`, `Source Query` do. */
  #becomeStatement(frame: Frame): void {
    const above = this.#stack[this.#stack.length - 2];
    const statement = this.builder.openStatement(frame.node?.index ?? -1, above?.name || frame.name || undefined);
    for (const [i, name] of frame.properties.names.entries()) {
      statement.properties.add(name, frame.properties.at(i));
    }
    frame.place = 'statement';
    frame.statement = statement;
    frame.properties = statement.properties;
  }

  #close(isList: boolean): void {
    // A bracket that closes nothing, or the wrong thing, closes up to its match when there is one.
    let at = this.#stack.length - 1;
    while (at > 0 && this.#stack[at]!.isList !== isList) at--;
    const matches = at > 0;
    if (!matches || at !== this.#stack.length - 1) this.#problem(`unexpected "${isList ? ']' : '}'}"`);
    this.pos++;
    if (matches) while (this.#stack.length > at) this.#pop();
  }

  #pop(): void {
    const frame = this.#stack.pop()!;
    const parent = this.#stack[this.#stack.length - 1];
    const { builder } = this;
    switch (frame.place) {
      case 'node':
        builder.closeNode(frame.node!);
        break;
      case 'statement':
        builder.closeStatement(frame.statement!);
        if (parent?.place === 'list' || parent?.place === 'object') parent.heldPlans = true;
        break;
      case 'job': {
        const job = builder.jobOf(frame.node!);
        job.taskCount = job.properties.number('Task Count');
        job.tasksShown = job.properties.text('Tasks Shown');
        break;
      }
      case 'list':
        if (parent && !(frame.heldPlans && frame.items.length === 0)) this.#keep(parent, frame.name, frame.items);
        else if (parent) parent.heldPlans = true;
        break;
      case 'object':
        if (parent && !(frame.heldPlans && frame.properties.length === 0)) {
          this.#keep(parent, frame.name, frame.properties);
        } else if (parent) parent.heldPlans = true;
        break;
      default:
    }
  }

  /** Something that is no JSON: a plan as FORMAT TEXT in a list of plans, else a line of text that is kept. */
  #foreign(frame: Frame, name: string): void {
    if (frame.place === 'statements' && this.#stack.length > 1) {
      this.#problem('a plan as text instead of JSON; it was read as text');
      this.readText(this.#untilClosed(), this.builder, frame.node?.index ?? -1, frame.name);
      return;
    }
    if (frame.place === 'statements') {
      this.#problem('text beside the plan; it was left out');
      this.untilDelimiter();
      return;
    }
    this.#problem('text that is no JSON; it was kept as it stands');
    this.#keep(frame, name || '(text)', this.untilDelimiter());
  }

  /** The lines up to one that holds nothing but a closing bracket. */
  #untilClosed(): string {
    const { text } = this;
    const start = text.lastIndexOf('\n', this.pos) + 1;
    let end = this.pos;
    while (end < text.length) {
      const next = text.indexOf('\n', end);
      const lineEnd = next < 0 ? text.length : next;
      if (/^\s*[\]}],?\s*$/.test(text.slice(end, lineEnd))) break;
      end = lineEnd + 1;
    }
    this.pos = Math.min(end, text.length);
    return text.slice(start, this.pos);
  }

  #problem(what: string): void {
    if (this.builder.problems.length < 20) this.builder.problems.push(`Line ${this.line()}: ${what}.`);
  }
}

const noItems: PlanValue[] = [];
const noProperties = new Properties();
