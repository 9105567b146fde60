/** A playbook that is open in an editor: its structure, and positions as the protocol counts them. */
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Position, TextEdit as ProtocolEdit, Range } from 'vscode-languageserver-types';
import type { TextRange } from '../../sql/offsets';
import { SectionMemory } from '../blocks';
import type { TextEdit } from '../edits';
import { type Playbook, readPlaybook } from '../playbook';

export class PlaybookDocument {
  readonly playbook: Playbook;

  constructor(
    readonly document: TextDocument,
    memory = new SectionMemory(),
  ) {
    this.playbook = readPlaybook(document.getText(), memory);
  }

  /** For tests and for what has no editor. */
  static of(text: string, uri = 'file:///eu.playbook.md'): PlaybookDocument {
    return new PlaybookDocument(TextDocument.create(uri, 'markdown', 1, text));
  }

  get uri(): string {
    return this.document.uri;
  }

  get text(): string {
    return this.playbook.text;
  }

  range({ start, end }: TextRange): Range {
    return { start: this.document.positionAt(start), end: this.document.positionAt(end) };
  }

  offset(position: Position): number {
    return this.document.offsetAt(position);
  }

  edit({ start, end, text }: TextEdit): ProtocolEdit {
    return { range: this.range({ start, end }), newText: text };
  }
}

/** The last part of `parts` that begins at or before `offset` and holds it. */
export function partAt<T extends TextRange>(parts: readonly T[], offset: number): T | undefined {
  return parts.findLast(({ start, end }) => start <= offset && offset <= end);
}
