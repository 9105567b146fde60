/** From a word to what it names: links, definition, references, and renaming an id everywhere at once. */
import type { DocumentLink, Position, Range, TextEdit } from 'vscode-languageserver-types';
import type { TextRange } from '../../sql/offsets';
import { references } from '../references';
import { regionId } from '../regions';
import { type PlaybookDocument, partAt } from './document';

export function documentLinks(document: PlaybookDocument): DocumentLink[] {
  return references(document.playbook).flatMap(({ target, kind, id, start, end }) =>
    target
      ? [
          {
            range: document.range({ start, end }),
            target: linkTo(document, target),
            tooltip: `Go to the ${kind} ${id}`,
          },
        ]
      : [],
  );
}

/** VS Code takes a line and a column behind the address. */
function linkTo(document: PlaybookDocument, { start }: TextRange): string {
  const { line, character } = document.document.positionAt(start);
  return `${document.uri}#L${line + 1},${character + 1}`;
}

export function definition(document: PlaybookDocument, position: Position): Range | undefined {
  const reference = partAt(references(document.playbook), document.offset(position));
  return reference?.target && document.range(reference.target);
}

interface Named {
  kind: 'check' | 'finding';
  id: string;
  /** What is under the cursor. */
  place: TextRange;
}

export function referencesTo(document: PlaybookDocument, position: Position): Range[] {
  const named = namedAt(document, position);
  return named ? placesOf(document, named).map(place => document.range(place)) : [];
}

/** Undefined where there is no id to rename. */
export function prepareRename(
  document: PlaybookDocument,
  position: Position,
): { range: Range; placeholder: string } | undefined {
  const named = namedAt(document, position);
  return named && { range: document.range(named.place), placeholder: named.id };
}

/** Undefined: there is nothing to rename; a string: why not to that name. */
export function rename(document: PlaybookDocument, position: Position, to: string): TextEdit[] | string | undefined {
  const named = namedAt(document, position);
  if (!named) return undefined;
  if (!regionId.test(to)) return `“${to}” cannot be an id: letters, digits, and . _ / - between them.`;
  const { checks, findings } = document.playbook;
  const taken =
    named.kind === 'check' ? checks.some(({ id }) => id?.value === to) : findings.some(({ id }) => id === to);
  if (taken && to !== named.id) return `There is a ${named.kind} ${to} already.`;
  return placesOf(document, named).map(place => document.edit({ ...place, text: to }));
}

function namedAt(document: PlaybookDocument, position: Position): Named | undefined {
  const offset = document.offset(position);
  const { checks, findings } = document.playbook;
  // The id of a check of the catalogue is the catalogue's.
  for (const { id, kind } of checks)
    if (id && kind === 'sql' && id.start <= offset && offset <= id.end)
      return { kind: 'check', id: id.value, place: id };
  for (const { id, region } of findings) {
    const place = idInMarker(document, region.start, id);
    if (place && place.start <= offset && offset <= place.end) return { kind: 'finding', id, place };
  }
  const reference = partAt(references(document.playbook), offset);
  if (!reference?.target) return undefined;
  const { kind, id, end } = reference;
  if (kind === 'check' && checks.some(check => check.kind === 'catalogue' && check.id?.value === id)) return undefined;
  return { kind, id, place: { start: end - id.length, end } };
}

/** Every place where the id stands: in the block or marker, in the result's marker, in the text. */
function placesOf(document: PlaybookDocument, { kind, id }: Named): TextRange[] {
  const { checks, findings } = document.playbook;
  const places: (TextRange | undefined)[] = references(document.playbook)
    .filter(reference => reference.kind === kind && reference.id === id)
    .map(({ end }) => ({ start: end - id.length, end }));
  if (kind === 'check')
    for (const check of checks.filter(each => each.id?.value === id))
      places.push(check.id, check.region?.id === id ? idInMarker(document, check.region.start, id) : undefined);
  else
    for (const { region } of findings.filter(finding => finding.id === id))
      places.push(idInMarker(document, region.start, id));
  return places
    .filter(place => place !== undefined)
    .map(({ start, end }) => ({ start, end }))
    .sort((a, b) => a.start - b.start);
}

function idInMarker({ text }: PlaybookDocument, start: number, id: string): TextRange | undefined {
  const marker = /^\s*<!--\s*cutover:(?:finding|result)\s+/.exec(text.slice(start, start + 200));
  if (!marker) return undefined;
  const at = start + marker[0].length;
  return text.startsWith(id, at) ? { start: at, end: at + id.length } : undefined;
}
