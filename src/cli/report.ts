import type { ExplainReport, ExplainReportSide } from '../shared/explain-report';
import type { PlanDiffView, SideView } from '../shared/plan-diff';

export function explainReport(view: PlanDiffView): ExplainReport {
  const { sentence, basis, tone, ratio } = view.verdict;
  return {
    version: 1,
    at: view.at,
    migration: view.migration,
    analyzed: view.analyzed,
    statement: view.statement,
    source: reportSide(view.source),
    target: reportSide(view.target),
    ratio: ratio ?? null,
    verdict: { sentence, basis, tone },
    causes: [],
    differences: view.differences.map(({ kind, title, source, target }) => ({ kind, title, source, target })),
    notes: view.notes,
  };
}

function reportSide(side: SideView): ExplainReportSide {
  return {
    label: side.label,
    address: side.address ?? null,
    postgresVersion: side.postgresVersion ?? null,
    citusVersion: side.citusVersion ?? null,
    planningMs: side.planningMs ?? null,
    executionMs: side.executionMs ?? null,
    totalCost: side.totalCost ?? null,
    rowsEstimated: side.rowsEstimated ?? null,
    rowsActual: side.rowsActual ?? null,
    buffers: side.buffers ?? null,
    jit: side.jit ?? null,
    settings: side.settings ?? null,
    tasks: side.tasks ?? null,
    notices: side.notices,
    error: side.error ?? null,
  };
}

/** Indented JSON, LF at the end. Controls that JSON may hold bare but a terminal would obey are written as `\u`. */
export function formatJson(report: ExplainReport): string {
  const json = JSON.stringify(report, null, 2).replace(
    /[\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${json}\n`;
}
