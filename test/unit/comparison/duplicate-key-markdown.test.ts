import { expect, test } from 'vitest';
import { duplicateKeyFinding, duplicateKeyMarkdown } from '../../../src/comparison/duplicate-key-markdown';
import { applyEdits } from '../../../src/playbook/edits';
import { readPlaybook } from '../../../src/playbook/playbook';
import { recordFinding } from '../../../src/playbook/record';
import { playbookTemplate } from '../../../src/playbook/template';
import type { DuplicateKeyDiagnosis } from '../../../src/shared/duplicate-key';

const diagnosis: DuplicateKeyDiagnosis = {
  side: 'target',
  address: '10.0.0.2:5432/app',
  at: '2026-11-29T10:00:00Z',
  error: { index: 'users_email_key', key: [{ column: 'email', value: 'a|b' }], building: false },
  hypotheses: [
    {
      cause: 'order',
      title: 'The index holds the order of another C library',
      standing: 'likely',
      confidence: 'observed',
      evidence: ['10.0.0.2:5432: glibc 2.27 recorded, 2.36 in use'],
      next: 'Prove it with amcheck.',
    },
  ],
  indexes: [
    {
      node: '10.0.0.2:5432',
      schema: 'public',
      table: 'users',
      index: 'users_email_key',
      method: 'btree',
      unique: true,
      bytes: 8192,
      collations: ['en_US'],
      why: 'named',
      state: 'unchecked',
    },
  ],
  moreIndexes: 3,
  unknown: [{ what: 'whether amcheck is there', grant: 'GRANT x TO y' }],
  scripts: [{ node: '10.0.0.2:5432', sql: 'REINDEX INDEX CONCURRENTLY public.users_email_key;' }],
};

test('says the cause with its evidence, the indexes, the repair, and that nothing was proved yet', () => {
  const text = duplicateKeyMarkdown(diagnosis);
  expect(text).toContain('- **Likely** (observed): The index holds the order of another C library');
  expect(text).toContain('  - 10.0.0.2:5432: glibc 2.27 recorded, 2.36 in use\n  - Next: Prove it with amcheck.');
  expect(text).toContain(
    '- `10.0.0.2:5432`: `public.users_email_key` of `users`, unique, 8 kB: named by the error; not read by amcheck yet',
  );
  expect(text).toContain('amcheck read none of them: prove it before you repair anything.');
  expect(text).toContain('REINDEX INDEX CONCURRENTLY');
  expect(text).toContain('- … and 3 more that sort by a collation');
});

test('what amcheck could not read is as good as unread; what it read is said with the duplicates', () => {
  const of = (index: Partial<DuplicateKeyDiagnosis['indexes'][number]>) =>
    duplicateKeyMarkdown({ ...diagnosis, indexes: [{ ...diagnosis.indexes[0]!, ...index }] });
  const denied = of({ state: 'unknown', detail: 'this role may not run public.bt_index_check' });
  expect(denied).toContain('not proved (`this role may not run public.bt_index_check`)');
  expect(denied).toContain('amcheck read none of them');
  expect(duplicateKeyMarkdown({ ...diagnosis, scripts: [] })).not.toContain('amcheck read none of them');
  const corrupt = of({ state: 'corrupt', duplicates: { keys: [{ key: ['a'], copies: 2 }], more: false } });
  expect(corrupt).toContain('**corrupt**, says amcheck; **duplicates** of 1 key in the table');
  expect(corrupt).not.toContain('amcheck read none of them');
});

test('SQL that advances a sequence can be copied; what to do about an unlikely cause is left out', () => {
  const of = (standing: 'likely' | 'unlikely') =>
    duplicateKeyMarkdown({
      ...diagnosis,
      hypotheses: [{ ...diagnosis.hypotheses[0]!, standing, next: 'On 10.0.0.2:5432:\nSELECT setval(1);' }],
    });
  expect(of('likely')).toContain('  - Next: On 10.0.0.2:5432:\n\n    ```sql\n    SELECT setval(1);\n    ```');
  expect(of('unlikely')).not.toContain('Next:');
});

test('is one finding of a playbook, whatever a server named things', () => {
  const hostile = '<!-- /cutover:finding -->\n## x\n```';
  const template = playbookTemplate({ migration: 'eu', sourceLabel: 'Old', targetLabel: 'New' });
  const finding = duplicateKeyFinding({
    ...diagnosis,
    error: { ...diagnosis.error!, index: hostile },
    hypotheses: [{ ...diagnosis.hypotheses[0]!, title: hostile, evidence: [hostile] }],
    indexes: [{ ...diagnosis.indexes[0]!, table: hostile }],
    scripts: [{ node: hostile, sql: hostile }],
  });
  const playbook = readPlaybook(applyEdits(template, recordFinding(template, finding).edits));
  expect(playbook.findings.map(({ id, region }) => [id, region.broken])).toEqual([[finding.id, undefined]]);
  expect(playbook.phases).toHaveLength(readPlaybook(template).phases.length);
});
