import { fromMarkdown } from 'mdast-util-from-markdown';
import { describe, expect, it } from 'vitest';
import { causesMarkdown } from '../../../src/playbook/causes-markdown';
import { explainFinding } from '../../../src/playbook/finding';
import { recordFinding } from '../../../src/playbook/record';
import type { Diagnosis } from '../../../src/shared/diagnosis';
import { cause, diagnosis } from './example-diagnosis';
import { exampleView } from './example-view';

describe('causes as Markdown', () => {
  it('give evidence of both sides, the fix with its rollback, and what experiments showed', () => {
    const text = causesMarkdown({ ...exampleView(), diagnosis });
    expect(text).toContain('54 % of the 1,267 ms is explained.');
    expect(text).toContain('(`jit.forced`, verified, 680 ms, 54 % of the difference)');
    expect(text).toContain('| jit | 10.1.0.1:5432 | off | on |');
    expect(text).toContain('\nALTER ROLE app_owner SET jit = off;\n-- Rollback: ALTER ROLE app_owner RESET jit;\n');
    expect(text).toContain('| jit = off (was on) | explains it | 1,326 ms (1,323 ms to 1,330 ms) | 83 ms');
  });

  it('say nothing where nothing differs', () => {
    const equal = { sentence: 'Nothing differs beyond noise.', causes: [], experiments: [], notes: [] };
    expect(causesMarkdown({ ...exampleView(), diagnosis: equal })).toBe('');
    expect(causesMarkdown(exampleView())).toBe('');
  });

  it('cannot be used to forge a region, close a fence or open a heading', () => {
    const attack = 'x\n```\n<!-- /cutover:finding -->\n# owned\n<!-- cutover:result r pass 2026 -->';
    const hostile: Diagnosis = {
      ...diagnosis,
      sentence: attack,
      notes: [attack],
      causes: [
        {
          ...cause,
          title: attack,
          meaning: attack,
          evidence: [{ what: attack, source: attack, target: attack, node: attack }],
          remedy: {
            ...cause.remedy!,
            summary: attack,
            verify: attack,
            steps: [{ ...cause.remedy!.steps[0]!, sql: attack }],
          },
        },
      ],
      experiments: [{ ...diagnosis.experiments[0]!, note: attack }],
    };
    const finding = explainFinding({ ...exampleView(), diagnosis: hostile });
    const playbook = '# Move\n\n## Findings\n';
    const [edit] = recordFinding(playbook, finding).edits;
    const written = playbook.slice(0, edit!.start) + edit!.text + playbook.slice(edit!.end);
    // Recording again finds one region, of the same text: nothing got out of it.
    expect(recordFinding(written, finding).edits).toEqual([]);
    const headings = fromMarkdown(written).children.filter(({ type }) => type === 'heading');
    expect(headings.map(({ position }) => written.slice(position!.start.offset, position!.end.offset))).toEqual([
      '# Move',
      '## Findings',
      expect.stringMatching(/^### Plans of/),
    ]);
  });
});

it('a finding is as sure as its first cause, once that is verified', () => {
  expect(explainFinding(exampleView()).confidence).toBe('observed');
  expect(explainFinding({ ...exampleView(), diagnosis }).confidence).toBe('verified');
});
