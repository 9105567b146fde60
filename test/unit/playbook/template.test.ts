import { describe, expect, it } from 'vitest';
import { readBlocks } from '../../../src/playbook/blocks';
import { readFrontMatter } from '../../../src/playbook/front-matter';
import { playbookTemplate } from '../../../src/playbook/template';

const template = playbookTemplate({ migration: 'eu-analytics', sourceLabel: 'Citus Cloud', targetLabel: 'Azure' });

describe('playbookTemplate', () => {
  it('has the phases in their order, findings last', () => {
    const phases = readBlocks(template).filter(block => block.type === 'heading' && block.depth === 2);
    expect(phases.map(phase => phase.text)).toEqual([
      'Comparison analysis',
      'Preliminary considerations',
      'Copy the old to the new',
      'Test each piece',
      'Simulate production',
      'Test in production',
      'Go live',
      'Monitor',
      'Findings',
    ]);
  });
  it('gives every step an owner and a reviewer to fill in, tools, a rollback and how to verify it', () => {
    const steps = template.split(/^### /m).slice(1);
    expect(steps.length).toBeGreaterThanOrEqual(20);
    for (const step of steps) {
      expect(step).toMatch(
        /\n\n- \[ \] done\n- owner:\n- reviewer:\n- tools: \S.+\n- rollback: \S.+\n- verify: \S.+\n/,
      );
    }
  });
  it('gives every check an id of its own', () => {
    const ids = [
      ...template.matchAll(/^```sql check id=(\S+) on=(?:both|source|target|workers) expect=(?:same|empty|true)$/gm),
    ];
    expect(ids.length).toBeGreaterThan(5);
    expect(new Set(ids.map(([, id]) => id)).size).toBe(ids.length);
    expect(template.match(/sql check/g)).toHaveLength(ids.length);
  });
  it('keeps hostile names out of YAML and Markdown', () => {
    const names = [
      'a: b #c',
      '---\ncutover: 9',
      '"',
      "'x",
      '*alias',
      '!!js/function x',
      '# h',
      '<!-- x',
      '[a](b)',
      '1e3',
      '',
    ];
    for (const name of names) {
      const document = playbookTemplate({ migration: name, sourceLabel: name, targetLabel: name });
      const { frontMatter, problems } = readFrontMatter(document);
      expect(problems).toEqual([]);
      const shown = name.replace('\n', ' ');
      expect(frontMatter).toEqual({ version: 1, migration: shown, source: shown, target: shown });
      const phases = '\n## Comparison analysis\n';
      expect(document.slice(document.indexOf(phases))).toBe(template.slice(template.indexOf(phases)));
      const blocks = readBlocks(document.slice(0, document.indexOf(phases)));
      expect(blocks.map(block => block.type)).toEqual(['frontMatter', 'heading']);
      expect(blocks[1]!.text.replace(/\s+/g, ' ')).toBe(
        `Move ${shown} from ${shown} to ${shown}`.replace(/\s+/g, ' ').trim(),
      );
    }
  });
});
