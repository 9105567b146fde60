/** Small choices: one of a few in sight, or one of many in a native list. */
import type { ComponentChildren } from 'preact';

interface ChipProps {
  pressed: boolean;
  choose(): void;
  title?: string;
  children: ComponentChildren;
}

export function Chip({ pressed, choose, title, children }: ChipProps) {
  return (
    <button type="button" class="chip" aria-pressed={pressed} title={title} onClick={choose}>
      {children}
    </button>
  );
}

interface SelectProps<Value extends string> {
  /** What is chosen, as `user`. */
  label: string;
  /** What the first entry says, which stands for no choice. */
  any: string;
  value: Value | undefined;
  values: readonly Value[];
  words?(value: Value): string;
  choose(value: Value | undefined): void;
}

export function Select<Value extends string>({ label, any, value, values, words, choose }: SelectProps<Value>) {
  const at = value === undefined ? -1 : values.indexOf(value);
  return (
    <select
      class={`select ${at >= 0 ? 'chosen' : ''}`}
      aria-label={label}
      title={at >= 0 ? `${label}: ${value}` : label}
      // By place: a value may be any text, also an empty one.
      value={String(at)}
      onChange={event => choose(values[Number(event.currentTarget.value)])}
    >
      <option value="-1">{any}</option>
      {values.map((each, i) => (
        <option key={each} value={String(i)}>
          {words ? words(each) : each}
        </option>
      ))}
    </select>
  );
}
