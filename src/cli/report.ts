import type { Cause, Experiment } from '../shared/diagnosis';
import type {
  ExplainReport,
  ExplainReportSide,
  ReportCause,
  ReportExperiment,
  ReportNestedSide,
} from '../shared/explain-report';
import type { CallView, NestedSide } from '../shared/nested';
import type { PlanDiffView, SideView } from '../shared/plan-diff';

export function explainReport(view: PlanDiffView, call?: CallView): ExplainReport {
  const { diagnosis } = view;
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
    slower: diagnosis?.slower ?? null,
    differenceMs: diagnosis?.differenceMs ?? null,
    explainedShare: diagnosis?.explainedShare ?? null,
    causes: (diagnosis?.causes ?? []).map(reportCause),
    experiments: (diagnosis?.experiments ?? []).map(reportExperiment),
    statements: (call?.statements ?? []).map(({ id, parent, sql, source, target, unresolved }) => ({
      id,
      parent: parent ?? null,
      sql,
      source: source ? reportNestedSide(source) : null,
      target: target ? reportNestedSide(target) : null,
      unresolved,
    })),
    differences: view.differences.map(({ kind, title, source, target }) => ({ kind, title, source, target })),
    notes: [...view.notes, ...(diagnosis?.notes ?? [])],
  };
}

function reportCause({ rows: _, explainedMs, explainedShare, evidence, remedy, ...cause }: Cause): ReportCause {
  return {
    ...cause,
    explainedMs: explainedMs ?? null,
    explainedShare: explainedShare ?? null,
    evidence: evidence.map(({ what, source, target, node }) => ({
      what,
      source: source ?? null,
      target: target ?? null,
      node: node ?? null,
    })),
    remedy: remedy ?? null,
  };
}

function reportExperiment(experiment: Experiment): ReportExperiment {
  const { planChanged, workersHeard, unchanged, changedTo, ratio, explainedShare, note, ...always } = experiment;
  return {
    ...always,
    planChanged: planChanged ?? null,
    workersHeard: workersHeard ?? null,
    unchanged: unchanged ?? null,
    changedTo: changedTo ?? null,
    ratio: ratio ?? null,
    explainedShare: explainedShare ?? null,
    note: note ?? null,
  };
}

function reportNestedSide({ calls, executionMs, share, jitMs, timeFrom }: NestedSide): ReportNestedSide {
  return {
    calls: calls ?? null,
    executionMs: executionMs ?? null,
    share: share ?? null,
    jitMs: jitMs ?? null,
    timeFrom,
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
