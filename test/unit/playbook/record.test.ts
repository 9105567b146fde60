import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { readBlocks } from '../../../src/playbook/blocks';
import { applyEdits } from '../../../src/playbook/edits';
import { fence } from '../../../src/playbook/escape';
import { PlaybookError } from '../../../src/playbook/playbook-error';
import { type Finding, recordFinding } from '../../../src/playbook/record';
import { readRegions } from '../../../src/playbook/regions';

// Properties try hundreds of documents, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 });

const finding = (id = 'plan.diff/a-1', body = 'Target is slower.'): Finding => ({
  id,
  heading: 'Plans of `select 1`',
  severity: 'high',
  confidence: 'observed',
  body,
});

const record = (document: string, what = finding()): string =>
  applyEdits(document, recordFinding(document, what).edits);
const regionsOf = (document: string) => readRegions(readBlocks(document));

function refusal(document: string, what = finding()): PlaybookError {
  try {
    recordFinding(document, what);
  } catch (error) {
    if (error instanceof PlaybookError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

const region = '<!-- cutover:finding plan.diff/a-1 severity=high confidence=observed -->';
const end = '<!-- /cutover:finding -->';
const written = `### Plans of \`select 1\`\n${region}\n\nTarget is slower.\n\n${end}`;

describe('recordFinding appends', () => {
  it('to an empty document', () => {
    expect(record('')).toBe(`## Findings\n\n${written}\n`);
  });
  it('a section "Findings" when there is none, after the last line', () => {
    expect(record('# Move\n\nText.\n')).toBe(`# Move\n\nText.\n\n## Findings\n\n${written}\n`);
    expect(record('# Move\n\nText.')).toBe(`# Move\n\nText.\n\n## Findings\n\n${written}\n`);
    expect(record('---\ncutover: 1\n---\n')).toBe(`---\ncutover: 1\n---\n\n## Findings\n\n${written}\n`);
  });
  it('to the end of the section, whatever its case, before the next one', () => {
    expect(record('## FINDINGS\n\nold\n\n## Log\n\nx\n')).toBe(`## FINDINGS\n\nold\n\n${written}\n\n## Log\n\nx\n`);
    expect(record('## findings\n## Log\n')).toBe(`## findings\n\n${written}\n\n## Log\n`);
    expect(record('Findings\n--------\n\nold\n')).toBe(`Findings\n--------\n\nold\n\n${written}\n`);
  });
  it('below a section of another level with the level beneath', () => {
    expect(record('# Findings\n')).toContain('\n## Plans of');
  });
  it('not below a heading that is only shown in a fence, a quote or a region', () => {
    const shown = `\`\`\`md\n## Findings\n\`\`\`\n\n> ## Findings\n\ntext\n`;
    expect(record(shown)).toBe(`${shown}\n## Findings\n\n${written}\n`);
  });
  it('with the line endings of the document', () => {
    const document = '# Move\r\n\r\n## Findings\r\n\r\nold\r\n';
    expect(record(document)).toBe(`${document}\n${written}\n`.replace(/\r?\n/g, '\r\n'));
  });
  it('keeping a byte order mark first', () => {
    expect(record('\ufeff')).toBe(`\ufeff## Findings\n\n${written}\n`);
    expect(record('\ufeff---\ncutover: 1\n---\n\n## Findings\n')).toBe(
      `\ufeff---\ncutover: 1\n---\n\n## Findings\n\n${written}\n`,
    );
  });
  it('saying the line of its heading', () => {
    for (const document of ['', '# Move\r\n\r\n## Findings\r\n\r\nold\r\n\r\n## Log\r\n', 'a\n\nb\n']) {
      const { edits, line } = recordFinding(document, finding());
      expect(applyEdits(document, edits).split(/\r?\n/)[line - 1]).toBe('### Plans of `select 1`');
    }
  });
});

describe('recordFinding updates', () => {
  const document = record('# Move\n\n## Findings\n\nnote\n').replace('### Plans', '### My words: plans');
  it('changes nothing when nothing changed', () => {
    expect(recordFinding(document, finding()).edits).toEqual([]);
  });
  it('only the lines that differ, keeping an edited heading and everything around', () => {
    const edited = `${document}\nmy note below\n`;
    const { edits, line } = recordFinding(edited, finding(undefined, 'Target is faster now.'));
    expect(edits).toHaveLength(1);
    expect(edited.slice(edits[0]!.start, edits[0]!.end)).toBe('Target is slower.\n');
    expect(applyEdits(edited, edits)).toBe(edited.replace('slower', 'faster now'));
    expect(edited.split('\n')[line - 1]).toBe(region);
  });
  it('severity, keeping attributes somebody added', () => {
    const marked = document.replace('severity=high', 'severity=low status=accepted');
    expect(record(marked)).toBe(document.replace('confidence=observed', 'status=accepted confidence=observed'));
  });
  it('wherever the region was moved to', () => {
    const moved = `${written}\n\n# Move\n\n## Findings\n`;
    expect(record(moved, finding(undefined, 'new'))).toBe(moved.replace('Target is slower.', 'new'));
  });
  it('the real region, not the one shown in a fence, a quote or a comment', () => {
    const shown = `${fence(written)}\n\n> ${region}\n> ${end}\n\n- ${region}\n\n  ${end}\n\ntext ${region}\n\n`;
    expect(record(`${shown}${written}\n`, finding(undefined, 'new'))).toBe(
      `${shown}${written.replace('Target is slower.', 'new')}\n`,
    );
    expect(record(shown)).toBe(`${shown.trimEnd()}\n\n## Findings\n\n${written}\n\n`);
  });
});

describe('recordFinding refuses', () => {
  it('a region without an end, with its line', () => {
    const error = refusal(`# Move\n\n${region}\n\ntext\n`);
    expect(error).toMatchObject({ reason: 'unclosedRegion', line: 3 });
    expect(error.message).toContain('before the document ends');
  });
  it('a region whose end is hidden in an open fence', () => {
    expect(refusal(`${region}\n\n\`\`\`\ntext\n\n${end}\n`)).toMatchObject({ reason: 'unclosedRegion', line: 1 });
  });
  it('a region that holds another, and leaves the inner one usable', () => {
    const nested = `${region}\n\n<!-- cutover:finding b -->\n\nx\n\n${end}\n\n${end}\n`;
    expect(refusal(nested)).toMatchObject({ reason: 'unclosedRegion', line: 1 });
    expect(record(nested, finding('b', 'y'))).toBe(
      nested.replace('finding b -->', 'finding b severity=high confidence=observed -->').replace('\nx\n', '\ny\n'),
    );
  });
  it('a region that has come to hold a heading: somebody’s text may follow it', () => {
    expect(refusal(`${region}\n\n### Mine\n\ntext\n\n${end}\n`).message).toContain('heading on line 3');
  });
  it('an id that stands twice', () => {
    expect(refusal(`${written}\n\n${written}\n`)).toMatchObject({ reason: 'duplicateFinding', line: 9 });
  });
  it('a document whose last fence, comment or element would swallow the finding', () => {
    for (const open of ['```sql\nselect 1\n', '<!-- note\n', '<pre>\ntext\n', '  ~~~\n']) {
      expect(refusal(`# Move\n\n${open}`)).toMatchObject({ reason: 'unclosedBlock', line: 3 });
    }
    for (const closed of ['```\n```\n', '    ```\n', '<!-- note -->\n', '<div>\n', '- ```\n', '<pre>\n</pre>\n']) {
      expect(record(`# Move\n\n${closed}`)).toContain(written);
    }
  });
  it('front matter without an end', () => {
    expect(refusal('---\ncutover: 1\n\n# Move\n')).toMatchObject({ reason: 'unclosedBlock', line: 1 });
  });
  it('a newer format', () => {
    expect(refusal('---\ncutover: 2\n---\n')).toMatchObject({ reason: 'newerFormat' });
  });
});

const line = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('', '', 'text', 'more text', '- item', '  - [ ] nested', '1. one', '> quote'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('## Findings', '## findings', '# Move', '## Log', '### Step', 'Findings', '---'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('```', '```sql', '````', '~~~', '    code', '\t', '<!-- note -->', '<!--', '-->'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('<div>', '</div>', '<pre>', '</pre>', '| a | b |', '|---|---|', '[a]: b', '   '),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...['<!-- cutover:finding a -->', '<!-- cutover:finding b severity=low x=y -->', ' <!-- cutover:finding c -->'],
      ...['<!-- /cutover:finding -->', '<!-- /cutover:finding -->', '<!-- /cutover:finding -->'],
      ...['<!-- cutover:result r pass -->', '<!-- /cutover:result -->', '> <!-- cutover:finding a -->'],
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
);

const anyDocument = fc
  .tuple(fc.array(line, { maxLength: 24 }), fc.constantFrom('\n', '\n', '\r\n'), fc.constantFrom('', '\ufeff'))
  .map(([lines, eol, mark]) => mark + lines.join(eol));

const anyFinding = fc
  .record({
    id: fc.constantFrom('a', 'b', 'c', 'new'),
    severity: fc.constantFrom('high' as const, 'low' as const),
    hostile: fc.array(line, { maxLength: 6 }),
  })
  .map(({ id, severity, hostile }) => ({ ...finding(id, `Text.\n\n${fence(hostile.join('\n'), 'sql')}`), severity }));

/** Records and checks everything that must hold for any document; returns the document afterwards. */
function recordAndCheck(document: string, what: Finding): string {
  const before = regionsOf(document);
  let edits: ReturnType<typeof recordFinding>['edits'];
  try {
    edits = recordFinding(document, what).edits;
  } catch (error) {
    if (!(error instanceof PlaybookError)) throw error;
    expect(error.line).toBeGreaterThan(0);
    expect(error.line).toBeLessThanOrEqual(document.split(/\r\n|\n|\r/).length);
    return document;
  }
  const after = applyEdits(document, edits);
  const known = before.filter(each => each.kind === 'finding' && each.id === what.id);
  for (const edit of edits) {
    if (known.length === 0) {
      expect(edit.start, 'a new finding replaces nothing').toBe(edit.end);
    } else {
      expect(edit.start).toBeGreaterThanOrEqual(known[0]!.start);
      expect(edit.end).toBeLessThanOrEqual(known[0]!.end);
    }
  }
  expect(recordFinding(after, what).edits, 'recording again changes nothing').toEqual([]);
  const now = regionsOf(after);
  const mine = now.filter(each => each.kind === 'finding' && each.id === what.id);
  expect(mine).toHaveLength(1);
  expect(mine[0]!.broken).toBeUndefined();
  const others = (text: string, regions: typeof now) =>
    regions
      .filter(each => each !== mine[0] && each !== known[0])
      .map(each => [each.kind, each.id, !each.broken, each.broken ? '' : text.slice(each.start, each.end)]);
  expect(others(after, now)).toEqual(others(document, before));
  if (/\n/.test(document) && !/(?<!\r)\n/.test(document)) expect(after).not.toMatch(/(?<!\r)\n/);
  return after;
}

describe('recordFinding, any document', () => {
  it('loses no text, stays idempotent, and keeps every region apart', () => {
    fc.assert(
      fc.property(anyDocument, anyFinding, (document, what) => {
        recordAndCheck(document, what);
      }),
      { numRuns: 200 },
    );
  });

  it('holds through any sequence of recordings and edits by hand', () => {
    const step = fc.oneof(
      fc.record({ finding: anyFinding }),
      fc.record({ insert: line, at: fc.double({ min: 0, max: 1, noNaN: true }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), steps => {
        let document = '---\ncutover: 1\n---\n\n# Move\n\n## Findings\n';
        for (const each of steps) {
          if ('finding' in each) {
            document = recordAndCheck(document, each.finding);
          } else {
            const lines = document.split('\n');
            lines.splice(Math.floor(each.at * lines.length), 0, each.insert);
            document = lines.join('\n');
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
