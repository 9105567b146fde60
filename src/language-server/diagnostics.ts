/** From what the library says to what the protocol carries: levels, positions, documentation. */
import { type Diagnostic, DiagnosticSeverity, DiagnosticTag } from 'vscode-languageserver';
import type { PlaybookDocument } from '../playbook/language/document';
import { type LintContext, lint } from '../playbook/lint/lint';
import { type Level, levelOf } from '../playbook/lint/rules';
import type { ServerContext } from '../shared/playbook-server';

const severities: Record<Exclude<Level, 'off'>, DiagnosticSeverity> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

/** More than anybody reads: each of them travels to the editor after each keystroke. */
const most = 2000;

/** Beyond {@link most} the least severe are counted only. */
export function diagnose(
  document: PlaybookDocument,
  context: LintContext,
  settings: Pick<ServerContext, 'levels' | 'documentation'>,
): Diagnostic[] {
  const found = lint(document.playbook, context).flatMap(({ code, message, related, ...place }) => {
    const level = levelOf(code, settings.levels);
    if (level === 'off') return [];
    const diagnostic: Diagnostic = {
      range: document.range(place),
      severity: severities[level],
      source: 'Cutover',
      code,
      codeDescription: { href: `${settings.documentation}#${code.toLowerCase()}` },
      message,
    };
    if (related)
      diagnostic.relatedInformation = [
        { location: { uri: document.uri, range: document.range(related) }, message: related.message },
      ];
    if (code === 'checkStale') diagnostic.tags = [DiagnosticTag.Unnecessary];
    return [diagnostic];
  });
  const first = found[0];
  if (!first || found.length <= most) return found;
  const message = `${found.length - most} more problems are not shown. Mend some of these first.`;
  const { range } = first;
  const shown = found.sort((a, b) => a.severity! - b.severity!).slice(0, most);
  return [{ range, severity: DiagnosticSeverity.Warning, source: 'Cutover', message }, ...shown];
}
