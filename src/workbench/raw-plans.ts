/** Raw plans as read-only documents `cutover-plan:`, whose name, badge and colour say which side they are of. */
import * as vscode from 'vscode';
import { type Side, sides } from '../shared/side';
import type { StoredResult } from './plan-store';

const rawPlanScheme = 'cutover-plan';

export class RawPlans implements vscode.TextDocumentContentProvider, vscode.FileDecorationProvider {
  constructor(private readonly find: (id: string) => Promise<StoredResult | undefined>) {}

  register(): vscode.Disposable {
    return vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(rawPlanScheme, this),
      vscode.window.registerFileDecorationProvider(this),
    );
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const { id, side } = readQuery(uri);
    const text = (await this.find(id))?.raw[side];
    if (text === undefined) throw new Error('This plan is not kept any more. Run the statement again.');
    return text;
  }

  provideFileDecoration(uri: vscode.Uri): vscode.FileDecoration | undefined {
    if (uri.scheme !== rawPlanScheme) return undefined;
    const { side, color } = readQuery(uri);
    return new vscode.FileDecoration(
      side === 'source' ? 'S' : 'T',
      `Plan of the ${side}`,
      new vscode.ThemeColor(color),
    );
  }
}

/** Opens what one server sent, beside the panel. */
export async function openRawPlan(result: StoredResult, side: Side): Promise<void> {
  const { id, statement } = result.view;
  const { label, color } = result.view[side];
  const text = result.raw[side] ?? '';
  const extension = /^\s*[[{]/.test(text) ? 'json' : 'txt';
  // The names of pasted plans are their labels and title alike.
  const title = result.request ? statement.title : '';
  const words = [side, label.replace(/\.(json|txt)$/, ''), title].map(part =>
    part.replace(/[^\p{L}\p{N} ._-]+/gu, ' ').trim(),
  );
  const name = words.filter(Boolean).join(' - ').replace(/\s+/g, ' ').slice(0, 100).trim();
  const uri = vscode.Uri.from({
    scheme: rawPlanScheme,
    path: `/${name}.${extension}`,
    query: new URLSearchParams({ id, side, color }).toString(),
  });
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
}

function readQuery(uri: vscode.Uri): { id: string; side: Side; color: string } {
  const query = new URLSearchParams(uri.query);
  const side = sides.find(candidate => candidate === query.get('side'));
  if (!side) throw new Error('This is not the address of a plan.');
  return { id: query.get('id') ?? '', side, color: query.get('color') ?? 'foreground' };
}
