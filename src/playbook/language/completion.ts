/** What may come next at a place of a playbook: keys, phases, people, ids, expectations; in a check, SQL. */
import { type CompletionItem, CompletionItemKind, InsertTextFormat, type Position } from 'vscode-languageserver-types';
import { checkPlaces } from '../../shared/check';
import type { DatabaseNames } from '../../shared/playbook-server';
import { checkAttributes } from '../check-block';
import { expectForms } from '../expect/explain';
import { phaseOrder, rankOf } from '../lint/steps';
import type { Step } from '../playbook';
import { slugOf } from './code-actions';
import { type PlaybookDocument, partAt } from './document';
import { sqlCompletion } from './sql-completion';

export interface CompletionContext {
  migrations: readonly string[];
  catalogue: readonly { id: string; title: string; question: string }[];
  /** Of the clusters that are connected; undefined when none is, or before they were read. */
  names: DatabaseNames | undefined;
}

export function completion(
  document: PlaybookDocument,
  position: Position,
  context: CompletionContext,
): CompletionItem[] {
  const { playbook, text } = document;
  const offset = document.offset(position);
  const lineStart = document.offset({ line: position.line, character: 0 });
  const before = text.slice(lineStart, offset);
  const at = new Items(document, position);
  const { frontMatterRange } = playbook;
  if (frontMatterRange && offset > frontMatterRange.start && offset < frontMatterRange.end)
    return inFrontMatter(at, before, document, context);
  const reference = /(?:^|[^\w:/.-])(check|finding):([\w./-]*)$/.exec(before);
  if (reference) return ids(at, document, reference[1] as 'check' | 'finding', reference[2]!);
  const fence = /^ {0,3}(`{3,}|~{3,})[ \t]*(.*)$/.exec(before);
  const check = partAt(playbook.checks, offset);
  if (check && offset > check.head.end) {
    if (check.kind === 'catalogue') return inCatalogueCheck(at, before, context);
    const { content } = check;
    return sqlCompletion(content.text, content.indexOf(offset), context.names).map(item => at.item(item, item.typed));
  }
  if (fence) {
    const step = partAt(
      playbook.phases.flatMap(({ steps }) => steps),
      offset,
    );
    return inFenceHead(at, fence[2]!, text.slice(offset).search(/\S/) < 0 || isOpen(document, lineStart), step);
  }
  const heading = /^##[ \t]+(.*)$/.exec(before);
  if (heading) return phases(at, document, heading[1]!);
  const step = partAt(
    playbook.phases.flatMap(({ steps }) => steps),
    offset,
  );
  return step ? inStep(at, before, document, step) : [];
}

/** Makes items that replace what was typed of them. */
class Items {
  constructor(
    private readonly document: PlaybookDocument,
    private readonly position: Position,
  ) {}

  item({ label, ...rest }: CompletionItem, typed: string): CompletionItem {
    const { line, character } = this.position;
    const range = { start: { line, character: character - typed.length }, end: { line, character } };
    return { label, ...rest, textEdit: { range, newText: rest.insertText ?? label } };
  }

  words(
    typed: string,
    kind: CompletionItemKind,
    labels: readonly (string | { label: string; detail: string })[],
  ): CompletionItem[] {
    return labels.map((each, i) => {
      const { label, detail } = typeof each === 'string' ? { label: each, detail: undefined } : each;
      return this.item({ label, kind, sortText: String(i).padStart(4, '0'), ...(detail && { detail }) }, typed);
    });
  }

  get endOfLine(): boolean {
    return (
      this.document.document
        .getText({ start: this.position, end: { line: this.position.line + 1, character: 0 } })
        .trim() === ''
    );
  }
}

function inFrontMatter(
  at: Items,
  before: string,
  { playbook }: PlaybookDocument,
  { migrations }: CompletionContext,
): CompletionItem[] {
  const value = /^migration[ \t]*:[ \t]*["']?(.*)$/.exec(before);
  if (value) return at.words(value[1]!, CompletionItemKind.Value, migrations);
  if (!/^\w*$/.test(before)) return [];
  const missing = ['cutover', 'migration', 'source', 'target'].filter(key => !playbook.frontMatterPlaces.has(key));
  return missing.map(key => at.item({ label: key, kind: CompletionItemKind.Property, insertText: `${key}: ` }, before));
}

function ids(at: Items, { playbook }: PlaybookDocument, kind: 'check' | 'finding', typed: string): CompletionItem[] {
  if (kind === 'check') {
    const known = new Set(playbook.checks.flatMap(({ id }) => id?.value ?? []));
    return at.words(typed, CompletionItemKind.Reference, [...known]);
  }
  const found = playbook.findings.map(({ id, heading }) => ({ label: id, detail: heading?.value ?? '' }));
  return at.words(typed, CompletionItemKind.Reference, found);
}

function inCatalogueCheck(at: Items, before: string, { catalogue }: CompletionContext): CompletionItem[] {
  const value = /^[ \t]*id[ \t]*:[ \t]*(\S*)$/.exec(before);
  if (value)
    return catalogue.map(({ id, title, question }) =>
      at.item({ label: id, kind: CompletionItemKind.EnumMember, detail: title, documentation: question }, value[1]!),
    );
  if (!/^[ \t]*\w*$/.test(before)) return [];
  return ['id', 'every'].map(key =>
    at.item({ label: key, kind: CompletionItemKind.Property, insertText: `${key}: ` }, before.trimStart()),
  );
}

/** The fence has no end yet: completing it writes the whole block. */
function isOpen({ playbook }: PlaybookDocument, lineStart: number): boolean {
  const block = playbook.blocks.find(({ start }) => start >= lineStart);
  return block?.type === 'code' && playbook.text.slice(block.start, block.end).split('\n').length < 2;
}

function inFenceHead(at: Items, info: string, isNew: boolean, step: Step | undefined): CompletionItem[] {
  const attribute = /(?:^|\s)(on|expect|every|id)=([^=]*)$/.exec(info);
  if (attribute && /^(?:sql|pgsql|psql|postgres\w*)\s+check\b/i.test(info)) {
    const [, name, typed = ''] = attribute;
    if (name === 'on' && !/\s/.test(typed)) return at.words(typed, CompletionItemKind.EnumMember, checkPlaces);
    if (name === 'expect' && !/\s(?:every|on|id)?$/.test(typed))
      return at.words(
        typed,
        CompletionItemKind.EnumMember,
        expectForms.map(({ text, title }) => ({ label: text, detail: title })),
      );
    if (name === 'every' && !/\s/.test(typed))
      return at.words(typed, CompletionItemKind.EnumMember, ['5m', '10m', '1h', '1d']);
    if (name === 'id' && !/\s/.test(typed))
      return at.words(typed, CompletionItemKind.Value, step ? [slugOf(step.title.value)] : []);
  }
  const rest = /^(?:sql|pgsql|psql|postgres\w*)\s+check\s+(?:.*\s)?([a-z]*)$/i.exec(info);
  if (rest)
    return checkAttributes
      .filter(name => !new RegExp(`\\s${name}=`).test(info))
      .map(name => at.item({ label: `${name}=`, kind: CompletionItemKind.Property }, rest[1]!));
  if (!/^[a-z ]*$/i.test(info)) return [];
  const id = slugOf(step?.title.value ?? 'check');
  const end = isNew ? '\n```' : '';
  const snippet = (label: string, detail: string, insertText: string): CompletionItem =>
    at.item(
      { label, detail, kind: CompletionItemKind.Snippet, insertText, insertTextFormat: InsertTextFormat.Snippet },
      info,
    );
  return [
    snippet(
      'sql check',
      'A question in SQL, and what is expected',
      `sql check id=\${1:${id}} on=\${2|${checkPlaces.join(',')}|} expect=\${3:same}\n\${0:SELECT …}${end}`,
    ),
    snippet('cutover check', 'A check of the catalogue', `cutover check\nid: $0${end}`),
  ];
}

function phases(at: Items, { playbook }: PlaybookDocument, typed: string): CompletionItem[] {
  const there = new Set(
    playbook.phases.filter(({ title }) => title.value !== typed.trim()).map(({ title }) => rankOf(title.value)),
  );
  return at.words(
    typed,
    CompletionItemKind.Module,
    phaseOrder.filter((_, rank) => !there.has(rank)),
  );
}

const factKeys = ['owner', 'reviewer', 'people', 'tools', 'rollback', 'verify', 'planned', 'started', 'finished'];

function inStep(at: Items, before: string, document: PlaybookDocument, step: Step): CompletionItem[] {
  const person = /^[-*+][ \t]+(owner|reviewer|people)[ \t]*:(?:.*,)?[ \t]*([^,]*)$/i.exec(before);
  if (person) {
    const owner = step.facts.get('owner')?.value.value;
    const others = peopleOf(document).filter(name => person[1]!.toLowerCase() !== 'reviewer' || name !== owner);
    return at.words(person[2]!, CompletionItemKind.Value, others);
  }
  const key = /^[-*+][ \t]+(\w*)$/.exec(before);
  if (!key) return [];
  const missing = factKeys.filter(name => !step.facts.has(name) || name === key[1]);
  const items = missing.map((name, i) =>
    at.item({ label: name, kind: CompletionItemKind.Property, insertText: `${name}: `, sortText: String(i) }, key[1]!),
  );
  if (!step.done)
    items.unshift(at.item({ label: '[ ] done', kind: CompletionItemKind.Property, sortText: '' }, key[1]!));
  return items;
}

/** Everybody who is named in the playbook, most often named first. */
function peopleOf({ playbook }: PlaybookDocument): string[] {
  const counts = new Map<string, number>();
  for (const { facts } of playbook.phases.flatMap(({ steps }) => steps))
    for (const key of ['owner', 'reviewer', 'people'])
      for (const name of (facts.get(key)?.value.value ?? '').split(/[,;&]|\band\b/)) {
        const person = name.trim();
        if (person && person.length < 60) counts.set(person, (counts.get(person) ?? 0) + 1);
      }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name);
}
