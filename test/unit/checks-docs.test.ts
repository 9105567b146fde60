import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { catalogue } from '../../src/checks/catalogue';
import type { Check } from '../../src/checks/check';

const file = new URL('../../docs/checks.md', import.meta.url);

function placeOf({ queries, sides, onRequest }: Check): string {
  const nodes = queries.some(query => query.nodes === 'every') ? 'every node' : 'the coordinator';
  return `${nodes} of ${sides.length === 2 ? 'both sides' : `the ${sides[0]}`}${onRequest ? ', on request' : ''}`;
}

const table = [
  '| check | question | why it matters | asked on |',
  '| --- | --- | --- | --- |',
  ...catalogue.map(
    check =>
      `| \`${check.id}\` (${check.severity}) | ${check.question} | ${check.why} ${check.reference}. | ${placeOf(check)} |`,
  ),
].join('\n');

/** `UPDATE_README=1` writes what the catalogue says into the document. */
it('lists every check of the catalogue', () => {
  const text = readFileSync(file, 'utf8');
  const updated = text.replace(
    /<!-- checks -->\n[\s\S]*?<!-- \/checks -->/,
    () => `<!-- checks -->\n${table}\n<!-- /checks -->`,
  );
  if (process.env.UPDATE_README) writeFileSync(file, updated);
  else expect(text).toBe(updated);
  expect(updated).toContain('`settings.roles`');
});
