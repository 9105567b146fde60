import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { commands, usageOf } from '../../../src/cli/usage';
import { explainReportSchema } from '../../../src/shared/explain-report';

const document = await readFile(new URL('../../../docs/cli.md', import.meta.url), 'utf8');

describe('docs/cli.md', () => {
  it.each([undefined, ...commands])('has the help as cutover prints it, of %s', command => {
    expect(document).toContain(`\`\`\`\`text\n${usageOf(command)}\`\`\`\``);
  });
  it('shows JSON that fits the schema', () => {
    const [, json] = /```json\n([\s\S]*?)\n```/.exec(document)!;
    expect(explainReportSchema.parse(JSON.parse(json!)).version).toBe(1);
  });
});
