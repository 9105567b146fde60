import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { usage } from '../../../src/cli/usage';
import { explainReportSchema } from '../../../src/shared/explain-report';

const document = await readFile(new URL('../../../docs/cli.md', import.meta.url), 'utf8');

describe('docs/cli.md', () => {
  it('has the help as the command prints it', () => {
    expect(document).toContain(`\`\`\`\`text\n${usage}\`\`\`\``);
  });
  it('shows JSON that fits the schema', () => {
    const [, json] = /```json\n([\s\S]*?)\n```/.exec(document)!;
    expect(explainReportSchema.parse(JSON.parse(json!)).version).toBe(1);
  });
});
