/** The outline, and what folds. */
import { type DocumentSymbol, type FoldingRange, FoldingRangeKind, SymbolKind } from 'vscode-languageserver-types';
import type { TextRange } from '../../sql/offsets';
import type { PlaybookCheck } from '../playbook';
import type { PlaybookDocument } from './document';

export function documentSymbols(document: PlaybookDocument): DocumentSymbol[] {
  const { phases, findings, checks } = document.playbook;
  const symbol = (
    name: string,
    detail: string,
    kind: SymbolKind,
    whole: TextRange,
    selection: TextRange,
    children: DocumentSymbol[] = [],
  ): DocumentSymbol => ({
    name: name || '(no title)',
    detail,
    kind,
    range: document.range(whole),
    selectionRange: document.range(selection),
    children,
  });
  const ofCheck = (check: PlaybookCheck): DocumentSymbol => {
    const end = check.region && !check.region.broken ? check.region.end : check.end;
    const verdict = check.result?.verdict ?? 'never run';
    return symbol(check.id?.value ?? 'check', verdict, SymbolKind.Event, { start: check.start, end }, check.head);
  };
  const symbols = phases.map(phase =>
    symbol(phase.title.value, '', SymbolKind.Namespace, phase, phase.title, [
      ...checks.filter(check => check.phase === phase && !check.step).map(ofCheck),
      ...phase.steps.map(step =>
        symbol(
          step.title.value,
          step.done?.value ? 'done' : (step.facts.get('owner')?.value.value ?? ''),
          SymbolKind.Method,
          step,
          step.title,
          step.checks.map(ofCheck),
        ),
      ),
    ]),
  );
  const loose = checks.filter(({ phase }) => !phase).map(ofCheck);
  const found = findings.map(({ id, heading, region, severity, status }) => {
    const start = Math.min(heading?.start ?? region.start, region.start);
    const whole = { start, end: region.end };
    return symbol(heading?.value ?? id, status ?? severity, SymbolKind.Constant, whole, heading ?? region);
  });
  return [...symbols, ...loose, ...found];
}

export function foldingRanges(document: PlaybookDocument): FoldingRange[] {
  const { phases, checks, regions, frontMatterRange } = document.playbook;
  const folds: FoldingRange[] = [];
  const add = (place: TextRange, kind?: FoldingRangeKind): void => {
    const { start, end } = document.range({ start: place.start, end: endOfText(document.text, place) });
    if (end.line > start.line) folds.push({ startLine: start.line, endLine: end.line, ...(kind && { kind }) });
  };
  if (frontMatterRange) add(frontMatterRange);
  for (const phase of phases) {
    add(phase);
    for (const step of phase.steps) add(step);
  }
  for (const check of checks) add(check);
  for (const region of regions) if (!region.broken) add(region, FoldingRangeKind.Region);
  return folds;
}

/** Blank lines at the end stay visible. */
function endOfText(text: string, { start, end }: TextRange): number {
  return start + text.slice(start, end).trimEnd().length;
}
