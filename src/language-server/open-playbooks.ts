/** The playbooks that are open, each read once per version. */
import type { TextDocuments } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { SectionMemory } from '../playbook/blocks';
import { PlaybookDocument } from '../playbook/language/document';

export class OpenPlaybooks {
  readonly #read = new Map<string, { version: number; document: PlaybookDocument; memory: SectionMemory }>();

  constructor(private readonly documents: TextDocuments<TextDocument>) {
    documents.onDidClose(({ document }) => this.#read.delete(document.uri));
  }

  get(uri: string): PlaybookDocument | undefined {
    const open = this.documents.get(uri);
    if (!open) return undefined;
    const known = this.#read.get(uri);
    if (known?.version === open.version) return known.document;
    const memory = known?.memory ?? new SectionMemory();
    const document = new PlaybookDocument(open, memory);
    this.#read.set(uri, { version: open.version, document, memory });
    return document;
  }
}
