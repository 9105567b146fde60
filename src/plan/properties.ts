import { decodeValue, type Token, tokenOf } from './json-scanner';
import { fieldNumber } from './node-fields';

/** A value as EXPLAIN gave it: text (numbers and booleans too, so 64-bit identifiers stay exact), a list, or an object. */
export type PlanValue = string | PlanValue[] | Properties;

/**
 * A sequence of names. Nodes of one type say the same names in the same order, so they share one shape, and a reader can
 * guess the next name instead of looking it up.
 */
export class Shape {
  /** The shape one name longer that was asked for last: the likely next one. */
  likely: Shape | undefined;
  /** `"Name":` as JSON spells it, to be compared with the text under the cursor. */
  readonly token: Token;
  /** See node-fields.ts. */
  readonly field: number;
  /** The first value met under the name, as JSON spells it and as it is: many nodes say the same, as their schema. */
  usual: { token: Token; text: string } | undefined;
  readonly #next = new Map<string, Shape>();
  #names: readonly string[] | undefined;

  constructor(
    readonly before: Shape | undefined,
    readonly name: string,
    readonly length: number,
  ) {
    this.field = fieldNumber(name);
    this.token = tokenOf(`${JSON.stringify(name)}:`);
  }

  with(name: string): Shape {
    let shape = this.#next.get(name);
    if (!shape) {
      shape = new Shape(this, name, this.length + 1);
      this.#next.set(name, shape);
    }
    this.likely = shape;
    return shape;
  }

  get names(): readonly string[] {
    if (!this.#names) {
      const names: string[] = [];
      for (let shape: Shape = this; shape.before; shape = shape.before) names.push(shape.name);
      this.#names = names.reverse();
    }
    return this.#names;
  }
}

export function emptyShape(): Shape {
  return new Shape(undefined, '', 0);
}

/** The values of all properties of one plan, so that a plan of 50,000 nodes is a few arrays and not a million objects. */
export class ValuePool {
  /** An offset into the source, decoded when somebody asks (most values are never looked at); negative: an index into `others`. */
  #references = new Int32Array(256);
  #length = 0;
  readonly #others: PlanValue[] = [];

  constructor(private readonly source = '') {}

  get length(): number {
    return this.#length;
  }

  at(index: number): PlanValue {
    const reference = this.#references[index]!;
    return reference >= 0 ? decodeValue(this.source, reference) : this.#others[~reference]!;
  }

  replace(index: number, value: PlanValue): void {
    this.#references[index] = ~this.#others.length;
    this.#others.push(value);
  }

  pushOffset(offset: number): void {
    if (this.#length === this.#references.length) {
      const longer = new Int32Array(this.#length * 2);
      longer.set(this.#references);
      this.#references = longer;
    }
    this.#references[this.#length++] = offset;
  }

  push(value: PlanValue): void {
    this.pushOffset(~this.#others.length);
    this.#others.push(value);
  }

  /** Copies values to the end, for properties that go on after others were added. */
  moveToEnd(start: number, count: number): number {
    const moved = this.#length;
    for (let i = 0; i < count; i++) this.pushOffset(this.#references[start + i]!);
    return moved;
  }
}

/** Name/value pairs in the order they came; a name may occur twice (PostgreSQL 12 prints `Workers` twice in a Sort). */
export class Properties {
  #start = 0;

  constructor(
    public shape: Shape = emptyShape(),
    private readonly pool: ValuePool = new ValuePool(),
  ) {}

  get names(): readonly string[] {
    return this.shape.names;
  }

  get length(): number {
    return this.shape.length;
  }

  at(index: number): PlanValue {
    return this.pool.at(this.#start + index);
  }

  add(name: string, value: PlanValue): void {
    this.#goOn();
    this.shape = this.shape.with(name);
    this.pool.push(value);
  }

  /** Adds a value of the source text; `shape` is this one's with the value's name. */
  addOffset(shape: Shape, offset: number): void {
    this.#goOn();
    this.shape = shape;
    this.pool.pushOffset(offset);
  }

  #goOn(): void {
    const { length } = this.shape;
    if (this.#start + length !== this.pool.length) this.#start = this.pool.moveToEnd(this.#start, length);
  }

  /** Lengthens the text of the value at `index`, for a value that goes on on the next line. */
  append(index: number, text: string): void {
    const value = this.at(index);
    if (typeof value === 'string') this.pool.replace(this.#start + index, value + text);
  }

  /** The first value of that name. */
  get(name: string): PlanValue | undefined {
    const index = this.names.indexOf(name);
    return index < 0 ? undefined : this.at(index);
  }

  /** The value if it is text. */
  text(name: string): string | undefined {
    const value = this.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  /** The value as a number, if it is one. */
  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined || text === '') return undefined;
    const value = Number(text);
    return Number.isNaN(value) ? undefined : value;
  }
}

/** A value as one line of text. */
export function valueText(value: PlanValue): string {
  // EXPLAIN nests values two or three deep; only plans nest deeply, and those are nodes.
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(valueText).join(', ');
  return value.names.map((name, i) => `${name}: ${valueText(value.at(i))}`).join(', ');
}
