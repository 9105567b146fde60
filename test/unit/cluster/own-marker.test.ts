import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { inOneText, marked, unmarkedPosition } from '../../../src/cluster/own-marker';

it.each([
  ['SELECT 1', 'SELECT /* cutover */ 1'],
  ['EXPLAIN (ANALYZE) SELECT 1', 'EXPLAIN /* cutover */ (ANALYZE) SELECT 1'],
  ['ROLLBACK', 'ROLLBACK /* cutover */'],
  ['(SELECT 1)', ' /* cutover */(SELECT 1)'],
])('%s', (sql, wanted) => {
  expect(marked(sql)).toBe(wanted);
});

it('marks each of several in one text but the first, which is marked when it is sent', () => {
  expect(inOneText(['BEGIN READ ONLY', 'SET LOCAL jit = off'])).toBe(
    'BEGIN READ ONLY; SET /* cutover */ LOCAL jit = off',
  );
});

it('leads every place in the marked text back to where it was', () =>
  fc.assert(
    fc.property(
      fc.constantFrom('SELECT', 'EXPLAIN', '('),
      fc.string({ maxLength: 30 }),
      fc.nat(30),
      (word, rest, n) => {
        const sql = `${word} ${rest}`;
        const index = Math.min(n, sql.length - 1);
        const text = marked(sql);
        const after = index < text.indexOf('/*') - 1 ? index : index + text.length - sql.length;
        expect(unmarkedPosition(sql, after + 1)).toBe(index + 1);
      },
    ),
  ));
