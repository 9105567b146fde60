import { expect, it } from 'vitest';
import { remedyScript } from '../../../src/playbook/remedy-script';
import type { Cause } from '../../../src/shared/diagnosis';

const cause: Cause = {
  id: 'jit.forced',
  side: 'target',
  title: 'JIT takes 2,872 ms of 4,096 ms.',
  meaning: 'Compiling costs more than it saves.',
  confidence: 'observed',
  evidence: [],
  reference: 'PostgreSQL documentation, 32.2 When to JIT?',
  rows: [],
  remedy: {
    summary: 'Switch JIT off for the role.',
    side: 'target',
    steps: [
      {
        on: 'coordinator',
        sql: 'ALTER ROLE "app_owner" SET jit = off;',
        lock: 'none',
        rollback: 'ALTER ROLE "app_owner" RESET jit;',
      },
      { on: 'workers', sql: 'SELECT 1;', lock: 'none', rollback: 'nothing to undo' },
    ],
    verify: 'Explain again.',
  },
};

it('says of each step where it runs, what it locks and how it is taken back', () => {
  expect(
    remedyScript(cause, 'New cluster'),
  ).toBe(`-- Fix of jit.forced on the target (New cluster). Cutover runs none of it.
-- JIT takes 2,872 ms of 4,096 ms.
-- Switch JIT off for the role.

-- 1. on the coordinator. Locks: none
ALTER ROLE "app_owner" SET jit = off;
-- Rollback: ALTER ROLE "app_owner" RESET jit;

-- 2. on each worker. Locks: none
SELECT 1;
-- Rollback: nothing to undo

-- Verify: Explain again.
`);
});

it('lets no line of a name or a rollback out of its comment', () => {
  const hostile = { ...cause, title: 'x\nDROP TABLE a;\r\nDROP TABLE b;\u2028DROP TABLE c;' };
  const script = remedyScript(hostile, 'New\rDROP TABLE d;')!;
  for (const line of script.split(/[\n\r\u2028]/)) expect(line).not.toMatch(/^\s*DROP/);
});

it('has nothing to say of a cause without a remedy', () => {
  const { remedy: _, ...bare } = cause;
  expect(remedyScript(bare, 'New cluster')).toBeUndefined();
});
