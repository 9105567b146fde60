import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { explainReport } from '../../../src/cli/report';
import { explainReportSchema } from '../../../src/shared/explain-report';
import { formatJson } from '../../../src/shared/json';
import { diagnosis } from '../playbook/example-diagnosis';
import { exampleView } from '../playbook/example-view';

const schemaFile = new URL('../../../docs/explain-report.schema.json', import.meta.url);

describe('explainReport', () => {
  it('fits its schema and says null for what is not known', () => {
    const view = exampleView();
    view.target = {
      ...{ side: 'target', label: 'B', color: 'c', status: 'error', composition: [], sent: [], notices: [] },
      error: { reason: 'unreachable', message: 'm' },
    };
    delete view.verdict.ratio;
    const report = explainReport(view);
    expect(explainReportSchema.parse(JSON.parse(formatJson(report)))).toEqual(report);
    expect(report).toMatchObject({
      ratio: null,
      causes: [],
      source: { executionMs: 56.1, citusVersion: '11.1.7', jit: null, error: null },
      target: { executionMs: null, error: { reason: 'unreachable' } },
    });
  });

  it('names causes, what was tried, and the statements inside a call', () => {
    const side = { timeFrom: 'statistics' as const, executionMs: 12 };
    const call = {
      source: { executed: true, how: [], missing: [] },
      target: { executed: true, how: [], missing: [] },
      statements: [
        { id: '1', depth: 0, sql: 'SELECT 1', title: 'SELECT 1', class: 'read' as const, target: side, unresolved: [] },
      ],
      notes: [],
    };
    const report = explainReport({ ...exampleView(), diagnosis }, call);
    expect(explainReportSchema.parse(JSON.parse(formatJson(report)))).toEqual(report);
    expect(report).toMatchObject({
      slower: 'target',
      explainedShare: 0.54,
      causes: [{ id: 'jit.forced', side: 'target', confidence: 'verified', explainedMs: 680 }],
      experiments: [{ outcome: 'explains', changed: [{ name: 'jit', from: 'on', to: 'off' }], workersHeard: null }],
      statements: [{ id: '1', parent: null, source: null, target: { executionMs: 12, share: null } }],
    });
  });

  it('writes controls that JSON leaves bare by their code', () => {
    const view = exampleView();
    view.notes = ['\u009b31m\u202e\u001b'];
    const json = formatJson(explainReport(view));
    expect(json).toContain('"\\u009b31m\\u202e\\u001b"');
    expect(JSON.parse(json).notes).toEqual(view.notes);
  });

  it('has its schema published (UPDATE_SCHEMA=1 writes it)', async () => {
    const schema = `${JSON.stringify({ title: 'cutover explain --format json', ...z.toJSONSchema(explainReportSchema) }, null, 2)}\n`;
    if (process.env.UPDATE_SCHEMA) await writeFile(schemaFile, schema);
    expect(await readFile(schemaFile, 'utf8')).toBe(schema);
  });
});
