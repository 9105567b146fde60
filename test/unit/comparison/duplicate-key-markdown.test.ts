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
  expect(text).toContain('✗ likely (observed): The index holds the order of another C library');
  expect(text).toContain('glibc 2.27 recorded, 2.36 in use');
  expect(text).toContain('None of them was read: prove it with amcheck');
  expect(text).toContain('REINDEX INDEX CONCURRENTLY');
  expect(text).toContain('… and 3 more that sort by a collation.');
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
