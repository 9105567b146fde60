import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import manifest from '../../package.json';
import { levels, rules } from '../../src/playbook/lint/rules';

const file = new URL('../../docs/playbook.md', import.meta.url);

/** A heading each: the language server links to it. */
const sections = Object.entries(rules)
  .map(([code, { level, title }]) => `#### ${code}\n\n${title} Usually: ${level}.`)
  .join('\n\n');

/** `UPDATE_README=1` writes what the rules say into the document. */
it('explains every rule', () => {
  const text = readFileSync(file, 'utf8');
  const updated = text.replace(
    /<!-- rules -->\n[\s\S]*?<!-- \/rules -->/,
    () => `<!-- rules -->\n${sections}\n<!-- /rules -->`,
  );
  if (process.env.UPDATE_README) writeFileSync(file, updated);
  else expect(text).toBe(updated);
  expect(updated).toContain('#### biasNoWrite');
});

it('every rule has a level of its own in the settings', () => {
  const { properties } = manifest.contributes.configuration.properties['cutover.playbook.diagnostics'];
  const wanted = Object.entries(rules).map(([code, { level, title }]) => [
    code,
    { enum: [...levels], default: level, description: title },
  ]);
  expect(properties).toEqual(Object.fromEntries(wanted));
});
