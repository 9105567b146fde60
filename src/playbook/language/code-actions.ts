/** Quick fixes: each edits the playbook, or names a command, and none of them asks a cluster. */
import {
  type CodeAction,
  CodeActionKind,
  type Diagnostic as ProtocolDiagnostic,
  type Range,
} from 'vscode-languageserver-types';
import { sqlFences } from '../../sql/markdown';
import { statementTitle } from '../../sql/title';
import { lineEndingOf, type TextEdit } from '../edits';
import { staleness } from '../lint/checks';
import type { RuleCode } from '../lint/rules';
import { factOf, type PlaybookCheck, type PlaybookFinding, type Step } from '../playbook';
import { setFact } from '../timing';
import type { PlaybookDocument } from './document';
import { commands } from './lenses';

export interface ActionContext {
  now: number;
  canRun: boolean;
  nearest(id: string): string | undefined;
}

const stubs: Record<string, string> = {
  owner: '',
  reviewer: '',
  tools: '',
  rollback: 'what undoes it, in which order, and until when that is possible',
  verify: 'what shows that it worked',
};

/** For what is in `range`; `diagnostics` are those that the editor shows there. */
export function codeActions(
  document: PlaybookDocument,
  range: Range,
  diagnostics: readonly ProtocolDiagnostic[],
  context: ActionContext,
): CodeAction[] {
  const { playbook } = document;
  const offset = document.offset(range.start);
  const actions: CodeAction[] = [];
  const fix = (title: string, edits: TextEdit[], code?: RuleCode): void => {
    const mended = diagnostics.filter(each => each.code === code);
    actions.push({
      title,
      kind: CodeActionKind.QuickFix,
      edit: { changes: { [document.uri]: edits.map(edit => document.edit(edit)) } },
      ...(mended.length > 0 && { diagnostics: mended }),
    });
  };
  const run = (title: string, ids: string[]): void => {
    actions.push({
      title,
      kind: CodeActionKind.QuickFix,
      command: { title, command: commands.runChecks, arguments: [document.uri, ids] },
    });
  };
  const step = playbook.phases.flatMap(({ steps }) => steps).find(each => each.start <= offset && offset < each.end);
  if (step) fixStep(document, step, fix);
  const check = playbook.checks.find(each => each.start <= offset && offset <= each.end);
  if (check) fixCheck(document, check, context, fix);
  const finding = playbook.findings.find(
    ({ heading, region }) => (heading?.start ?? region.start) <= offset && offset <= region.end,
  );
  if (finding) fixFinding(document, finding, fix);
  if (context.canRun) {
    const stale = playbook.checks.filter(each => staleness(each, context.now)).flatMap(({ id }) => id?.value ?? []);
    if (check?.id && !stale.includes(check.id.value)) run(`Run ${check.id.value}`, [check.id.value]);
    if (stale.length > 0)
      run(stale.length === 1 ? `Run ${stale[0]} again` : `Run ${stale.length} stale checks again`, stale);
  }
  return actions;
}

type Fix = (title: string, edits: TextEdit[], code?: RuleCode) => void;

function fixStep({ text }: PlaybookDocument, step: Step, fix: Fix): void {
  const missing = Object.keys(stubs).filter(key => !step.facts.has(key));
  if (missing.length > 0) {
    const lines = missing.map(key => `- ${key}: ${stubs[key]}`.trimEnd());
    const [first, ...others] = missing;
    const edit = setFact(text, step, first!, stubs[first!]!);
    const at = lineEndingOf(text);
    const together = edit.text.replace(`- ${first}: ${stubs[first!]}`, lines.join(at));
    fix(
      others.length === 0 ? `Add ${first}` : `Add ${missing.join(', ')}`,
      [{ ...edit, text: together }],
      `${first}Missing` as RuleCode,
    );
  }
  if (step.facts.has('rollback') && !factOf(step, 'rollback'))
    fix('Insert a rollback stub', [setFact(text, step, 'rollback', stubs.rollback!)], 'rollbackMissing');
  if (!step.done) {
    const edit = setFact(text, step, 'done', '');
    fix('Add a checkbox', [{ ...edit, text: edit.text.replace(/- done: ?/, '- [ ] done') }], 'stepWithoutCheckbox');
  }
}

function fixCheck(document: PlaybookDocument, check: PlaybookCheck, context: ActionContext, fix: Fix): void {
  const { id, kind, head, step, expect } = check;
  const { checks } = document.playbook;
  const used = new Set(checks.flatMap(each => each.id?.value ?? []));
  if (kind === 'sql') {
    if (!id) {
      const fresh = freeId(slugOf(step?.title.value ?? 'check'), used);
      const broken = /\bid=\S*/.exec(document.text.slice(head.start, head.end));
      const at = broken
        ? head.start + broken.index
        : head.start + /check/i.exec(document.text.slice(head.start))!.index + 5;
      const text = broken ? `id=${fresh}` : ` id=${fresh}`;
      fix(`Name it ${fresh}`, [{ start: at, end: at + (broken?.[0].length ?? 0), text }], 'checkIdMissing');
    } else if (checks.find(each => each.id?.value === id.value) !== check) {
      const fresh = freeId(id.value, used);
      fix(`Rename it ${fresh}`, [{ start: id.start, end: id.end, text: fresh }], 'checkIdTwice');
    }
    if (!expect)
      fix(
        'Expect the same on both sides',
        [{ start: head.end, end: head.end, text: ' expect=same' }],
        'checkExpectInvalid',
      );
  } else if (id) {
    const near = context.nearest(id.value);
    if (near && near !== id.value)
      fix(`Change it to ${near}`, [{ start: id.start, end: id.end, text: near }], 'checkUnknown');
  }
}

/** As `comparison-analysis`. */
export function slugOf(title: string): string {
  const slug = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return slug || 'check';
}

function freeId(wanted: string, used: ReadonlySet<string>): string {
  if (!used.has(wanted)) return wanted;
  for (let number = 2; ; number++) if (!used.has(`${wanted}-${number}`)) return `${wanted}-${number}`;
}

/** A statement that was slower once is asked after each run from then on. */
function fixFinding({ text, playbook }: PlaybookDocument, { id, region }: PlaybookFinding, fix: Fix): void {
  if (region.broken) return;
  const [statement] = sqlFences(text.slice(region.start, region.end));
  const pattern = statement && likePattern(statement.content.text);
  if (!pattern) return;
  const used = new Set(playbook.checks.flatMap(each => each.id?.value ?? []));
  const name = freeId(slugOf(id.replace(/^[^/]*\//, '').replace(/-[0-9a-z]{10}$/, '')), used);
  const lines = [
    '',
    '',
    `\`\`\`sql check id=${name} on=both expect=target.mean_ms <= source.mean_ms * 1.2`,
    'SELECT sum(total_exec_time) / sum(calls) AS mean_ms',
    'FROM pg_stat_statements',
    `WHERE query ILIKE '${pattern}';`,
    '```',
  ];
  fix('Turn the finding into a check', [{ start: region.end, end: region.end, text: lines.join(lineEndingOf(text)) }]);
}

/** The first words of a statement, which pg_stat_statements keeps as they were first written; undefined for none. */
function likePattern(sql: string): string | undefined {
  const words = statementTitle(sql, 60)
    .replace(/…$/, '')
    .split(/['"$\d\\]/)[0]!
    .trim();
  if (words.split(' ').length < 2) return undefined;
  return `${words.replace(/[%_]/g, '_').replaceAll(' ', '%')}%`;
}
