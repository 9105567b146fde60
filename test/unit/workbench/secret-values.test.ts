import { expect, test } from 'vitest';
import type { CallView } from '../../../src/shared/nested';
import type { PlanDiffView } from '../../../src/shared/plan-diff';
import { callWithoutSecrets, withoutSecrets } from '../../../src/workbench/secret-values';

const view = {
  statement: {
    sql: 'SELECT * FROM t WHERE token = $1 AND kind = $2',
    parameters: [
      { name: '$1', value: 's3cret-token' },
      { name: '$2', value: 'open' },
      { name: '$3', value: 'ab' },
    ],
  },
  rows: [{ changes: ["Filter (token = 's3cret-token'::text) AND (kind = 'open') OR ab"] }],
  source: { error: { message: 'invalid input: "s3cret-token"' } },
} as unknown as PlanDiffView;
const values = { $1: 's3cret-token', $2: 'open', $3: 'ab' };

test('a secret value is masked wherever a server repeated it, others stay', () => {
  const text = JSON.stringify(withoutSecrets(view, { values, secret: ['$1'] }));
  expect(text).not.toContain('s3cret-token');
  expect(text.match(/•••/g)).toHaveLength(3);
  expect(text).toContain("kind = 'open'");
});

test('a very short one is masked among the parameters only', () => {
  const masked = withoutSecrets(view, { values, secret: ['$3'] });
  expect(masked.statement.parameters[2]).toEqual({ name: '$3', value: '•••' });
  expect(masked.rows).toEqual(view.rows);
});

test('without secrets nothing changes', () => {
  expect(withoutSecrets(view, { values, secret: [] })).toBe(view);
});

test('a secret value put in place inside a call is masked as well', () => {
  const call = {
    statements: [{ sql: 'SELECT $1', explained: "SELECT 's3cret-token'", view }],
  } as unknown as CallView;
  expect(JSON.stringify(callWithoutSecrets(call, { values, secret: ['$1'] }))).not.toContain('s3cret-token');
  expect(callWithoutSecrets(call, { values, secret: [] })).toBe(call);
});
