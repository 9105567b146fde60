import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import manifest from '../../package.json';
import { catalogue } from '../../src/checks/catalogue';

const file = new URL('../../README.md', import.meta.url);

const table = (head: string[], rows: string[][]) =>
  [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n');

const keys = (command: string) =>
  manifest.contributes.keybindings
    .filter(binding => binding.command === command)
    .map(({ key, mac }) => `\`${key}\` (macOS \`${mac}\`)`)
    .join(', ');

const groups = [...new Set(catalogue.map(({ group }) => group))];

const tables = {
  checks: table(
    ['group', 'checks'],
    groups.map(group => [
      catalogue.some(check => check.group === group && check.onRequest) ? `${group}, on request` : group,
      catalogue
        .filter(check => check.group === group)
        .map(({ id, title }) => `${title} (\`${id}\`)`)
        .join('; '),
    ]),
  ),
  commands: table(
    ['command', 'keys'],
    manifest.contributes.commands.map(({ command, category, title }) => [`${category}: ${title}`, keys(command)]),
  ),
  settings: table(
    ['setting', 'default', 'meaning'],
    Object.entries<{ default: unknown; description?: string; markdownDescription?: string }>(
      manifest.contributes.configuration.properties,
    ).map(([name, property]) => [
      `\`${name}\``,
      `\`${JSON.stringify(property.default)}\``,
      property.markdownDescription ?? property.description ?? '',
    ]),
  ),
};

/** `UPDATE_README=1` writes what the manifest says into the README. */
it.each(Object.entries(tables))('lists the %s of the manifest', (name, wanted) => {
  const text = readFileSync(file, 'utf8');
  const region = new RegExp(`<!-- ${name} -->\\n[^]*?<!-- /${name} -->`);
  const updated = text.replace(region, () => `<!-- ${name} -->\n${wanted}\n<!-- /${name} -->`);
  if (process.env.UPDATE_README) writeFileSync(file, updated);
  else expect(text).toBe(updated);
  expect(text).toMatch(region);
});
