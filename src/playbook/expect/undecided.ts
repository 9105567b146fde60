/**
 * An expectation cannot be judged here: `unknown` when the answer leaves it open (NULL, not read), `error` when the question
 * makes no sense of the answer. Thrown while a value is worked out, caught where it is judged.
 */
export class Undecided extends Error {
  override readonly name = 'Undecided';

  constructor(
    readonly verdict: 'unknown' | 'error',
    message: string,
  ) {
    super(message);
  }
}
