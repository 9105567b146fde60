import { visibleText } from '../../src/playbook/visible';

/**
 * Makes every text of what the host sent fit to be shown, in place: names, plans and errors come from servers and may
 * hold characters that turn the writing direction or take no space, to look like something else. The statement itself
 * stays as it is, because error positions count its characters; it is made visible where it is drawn.
 */
export function makeVisible(sent: object): void {
  walk(sent as Record<string, unknown>);
}

const untouched = new Set(['id', 'sql']);
/** Nothing to do, as for nearly all texts of a plan of 100,000. */
const plain = /^[\x20-\x7e\n\t]*$/;

// The schema bounds the depth; rows are flat.
function walk(object: Record<string, unknown>): void {
  for (const key in object) {
    const value = object[key];
    if (typeof value === 'string') {
      if (!plain.test(value) && !untouched.has(key)) object[key] = visibleText(value);
    } else if (typeof value === 'object' && value !== null) {
      walk(value as Record<string, unknown>);
    }
    if (!plain.test(key)) {
      const shown = object[key];
      delete object[key];
      object[visibleText(key)] = shown;
    }
  }
}
