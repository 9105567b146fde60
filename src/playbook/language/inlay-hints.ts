/** How long steps of the go-live list took, behind their titles. */
import type { InlayHint, Range } from 'vscode-languageserver-types';
import { phaseTiming, timingWords } from '../timing';
import type { PlaybookDocument } from './document';

export function inlayHints(document: PlaybookDocument, range: Range, now: number): InlayHint[] {
  const from = document.offset(range.start);
  const to = document.offset(range.end);
  const hints: InlayHint[] = [];
  const add = ({ end }: { end: number }, label: string | undefined): void => {
    if (label && from <= end && end <= to)
      hints.push({ position: document.document.positionAt(end), label, paddingLeft: true });
  };
  for (const phase of document.playbook.phases) {
    add(phase.title, phaseTiming(phase, now));
    for (const step of phase.steps) add(step.title, timingWords(step, now));
  }
  return hints;
}
