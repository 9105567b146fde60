import { type Comparison, comparisonSchema } from '../shared/comparison';
import type { Stored } from './stored-file';

/** A comparison kept by --save. */
export const comparisonFile: Stored<Comparison> = {
  name: 'comparison',
  parse: comparisonFromJson,
  howTo: 'Keep one with cutover compare --save.',
};

function comparisonFromJson(text: string): Comparison | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  const parsed = comparisonSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const place = parsed.error.issues[0]?.path.join('.');
  return place ? `"${place}" is missing or not what it should be` : 'it holds something else';
}
