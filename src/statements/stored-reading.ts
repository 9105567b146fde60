import { type Reading, readingSchema } from './reading';
import { FoldedSide } from './side';

/** The reading that was stored as this text, or what is wrong with it: half a sentence. */
export function readingFromJson(text: string): Reading | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  const parsed = readingSchema.safeParse(value);
  if (!parsed.success) {
    const place = parsed.error.issues[0]?.path.join('.');
    return place ? `"${place}" is missing or not what it should be` : 'it holds something else';
  }
  try {
    // Rows are lines of text in it, which no schema looks into: what reads them must be able to.
    new FoldedSide({ reading: parsed.data, origin: '' }).statements(new Map());
  } catch {
    return 'its rows are damaged';
  }
  return parsed.data;
}
