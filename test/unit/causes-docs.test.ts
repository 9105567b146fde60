import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { catalogue } from '../../src/plan/causes/catalogue';

const file = new URL('../../docs/causes.md', import.meta.url);

const table = [
  '| cause | what it means | where the rule comes from |',
  '| --- | --- | --- |',
  ...catalogue.map(({ id, meaning, reference }) => `| \`${id}\` | ${meaning} | ${reference} |`),
].join('\n');

/** `UPDATE_README=1` writes what the catalogue says into the document. */
it('lists every cause of the catalogue', () => {
  const text = readFileSync(file, 'utf8');
  const updated = text.replace(
    /<!-- causes -->\n[\s\S]*?<!-- \/causes -->/,
    () => `<!-- causes -->\n${table}\n<!-- /causes -->`,
  );
  if (process.env.UPDATE_README) writeFileSync(file, updated);
  else expect(text).toBe(updated);
  expect(updated).toContain('`jit.forced`');
});

it('names each cause once', () => {
  const ids = catalogue.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
