import { expect, it } from 'vitest';
import { lintPlaybook } from '../../../src/cli/lint';
import type { SettingsFile } from '../../../src/cli/settings-file';
import { readPlaybook } from '../../../src/playbook/playbook';

const text = `---\r
cutover: 1\r
migration: eu\r
---\r
# Move\r
\r
\`\`\`sql check id=a on=both expect=same\r
SELECT '💥' FRM t\r
\`\`\`\r
\r
\`\`\`cutover check\r
id: versions.postgres\r
\`\`\`\r
`;

async function lintOf(settings: Partial<SettingsFile> = {}) {
  const written = { stdout: '', stderr: '' };
  const output = (name: keyof typeof written) => ({
    write: (more: string) => {
      written[name] += more;
    },
  });
  const [stdout, stderr] = [output('stdout'), output('stderr')];
  const around = { stdout, stderr, stdin: (async function* () {})(), env: {}, signal: new AbortController().signal };
  const given = { path: 's.json', migrations: [], problems: [], levels: {}, ...settings };
  const code = await lintPlaybook(readPlaybook(text), 'a\u001b.playbook.md', given, around);
  return { code, lines: written.stdout.trimEnd().split('\n'), stderr: written.stderr };
}

it('prints place, level, message and code of all there is, in the order of the document', async () => {
  const { code, lines, stderr } = await lintOf();
  expect(code).toBe(2);
  expect(lines[0]).toBe(
    'a␛.playbook.md:3:12: warning: There is no migration eu in the settings. There is none yet: add one. (migrationUnknown)',
  );
  // Columns are those of an editor: UTF-16, from 1.
  expect(lines).toContainEqual(expect.stringMatching(/^a␛\.playbook\.md:8:17: error: .* \(checkSyntax\)$/));
  expect(lines).toContainEqual(
    'a␛.playbook.md:12:5: error: There is no check versions.postgres. Do you mean versions.postgresql? (checkUnknown)',
  );
  expect(stderr).toBe('cutover: 2 errors, 1 warning, 0 information, 2 hints\n');
});

it('judges by the levels of the settings', async () => {
  const levels = { checkSyntax: 'warning', checkUnknown: 'off', migrationUnknown: 'nonsense' };
  const { code, lines } = await lintOf({ levels });
  expect(code).toBe(0);
  const found = lines.map(line => `${/: (\w+): /.exec(line)![1]} ${/\((\w+)\)$/.exec(line)![1]}`);
  expect(found).toContain('warning checkSyntax');
  expect(found).toContain('warning migrationUnknown');
  expect(found.join()).not.toContain('checkUnknown');
});
