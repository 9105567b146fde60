/** Asks for the values of a statement's parameters, once each; remembers them per statement, except secret ones. */
import { createHash } from 'node:crypto';
import * as vscode from 'vscode';
import type { Parameter } from '../sql/parameters';
import { Dismissed } from './messages';
import { askText, back } from './quick-steps';

export interface ParameterValues {
  /** By name; undefined: the generic plan, as far as the statement can do without values. */
  values: Record<string, string | null> | undefined;
  /** Names whose value is not to be kept anywhere. */
  secret: string[];
}

interface AskedParameter extends Pick<Parameter, 'name' | 'kind'> {
  /** As the server sees it: `timestamp with time zone`. */
  type?: string | undefined;
}

type Remembered = Record<string, string | null>;
type Answer = { kind: 'value'; value: string | null } | { kind: 'secret'; value: string } | { kind: 'generic' };

const memoryKey = 'cutover.parameterValues';
export const rememberedStatements = 200;
const generic = Symbol('generic');

/**
 * One question per parameter, titled with the statement. `needsValues`: ANALYZE executes and cannot do without.
 * @throws Dismissed when the user leaves.
 */
export async function askParameterValues(
  title: string,
  sql: string,
  parameters: AskedParameter[],
  needsValues: boolean,
  workspaceState: vscode.Memento,
): Promise<ParameterValues> {
  const memory = workspaceState.get<Record<string, Remembered>>(memoryKey, {});
  const key = statementKey(sql);
  const remembered = memory[key] ?? {};
  const values: Record<string, string | null> = {};
  const secret: string[] = [];
  let isGeneric = false;
  for (const [index, parameter] of parameters.entries()) {
    // An identifier is part of the text: no plan exists without it.
    const mustHave = needsValues || parameter.kind === 'identifier';
    if (isGeneric && !mustHave) continue;
    const answer = await askParameter(title, parameter, index, parameters.length, mustHave, remembered[parameter.name]);
    if (answer.kind === 'generic') {
      isGeneric = true;
      continue;
    }
    values[parameter.name] = answer.value;
    if (answer.kind === 'secret') secret.push(parameter.name);
  }
  const kept = Object.entries(values).filter(([name]) => !secret.includes(name));
  await workspaceState.update(memoryKey, withRemembered(memory, key, { ...remembered, ...Object.fromEntries(kept) }));
  if (isGeneric) return { values: identifiersOnly(values, parameters), secret };
  return { values, secret };
}

/** Values to propose, by statement: of a log, say. Those typed before give way. */
export async function rememberValues(
  workspaceState: vscode.Memento,
  found: readonly { sql: string; values: Record<string, string | null> }[],
): Promise<void> {
  let memory = workspaceState.get<Record<string, Remembered>>(memoryKey, {});
  for (const { sql, values } of found) memory = withRemembered(memory, statementKey(sql), values);
  await workspaceState.update(memoryKey, memory);
}

/** The generic plan still needs its identifiers. */
function identifiersOnly(values: Remembered, parameters: AskedParameter[]): Remembered | undefined {
  const identifiers = parameters.filter(parameter => parameter.kind === 'identifier');
  return identifiers.length === 0
    ? undefined
    : Object.fromEntries(identifiers.map(({ name }) => [name, values[name] ?? null]));
}

async function askParameter(
  title: string,
  parameter: AskedParameter,
  index: number,
  count: number,
  mustHave: boolean,
  remembered: string | null | undefined,
): Promise<Answer> {
  const name = [parameter.name, parameter.type].filter(Boolean).join(' ');
  const picked = await pickValue(
    `${name}${count > 1 ? ` (${index + 1} of ${count})` : ''}: ${title}`,
    parameter.kind,
    mustHave,
    remembered,
  );
  if (picked === generic) return { kind: 'generic' };
  if (picked !== hidden) return { kind: 'value', value: picked };
  const value = await askText({
    title: `${name}: ${title}`,
    prompt: 'Not shown, not remembered; the result is not kept after the panel is closed.',
    password: true,
  });
  if (value === back) throw new Dismissed();
  return { kind: 'secret', value };
}

const hidden = Symbol('hidden');
type Picked = string | null | typeof generic | typeof hidden;

function pickValue(
  title: string,
  kind: Parameter['kind'],
  mustHave: boolean,
  remembered: string | null | undefined,
): Promise<Picked> {
  return new Promise((resolve, reject) => {
    const pick = vscode.window.createQuickPick<vscode.QuickPickItem & { answer: Picked }>();
    pick.title = title;
    pick.ignoreFocusOut = true;
    pick.placeholder = 'Type the value, as text without quotes';
    const show = () => {
      pick.items = choices(pick.value, kind, mustHave, remembered).map(({ answer, ...item }) => ({
        ...item,
        alwaysShow: true,
        answer: answer,
      }));
    };
    let answered = false;
    pick.onDidChangeValue(show);
    pick.onDidAccept(() => {
      const [chosen] = pick.selectedItems;
      if (!chosen) return;
      answered = true;
      resolve(chosen.answer);
      pick.dispose();
    });
    pick.onDidHide(() => {
      if (!answered) reject(new Dismissed());
      pick.dispose();
    });
    show();
    pick.show();
  });
}

interface ValueChoice extends vscode.QuickPickItem {
  answer: Picked;
}

function choices(
  typed: string,
  kind: Parameter['kind'],
  mustHave: boolean,
  remembered: string | null | undefined,
): ValueChoice[] {
  const offered: ValueChoice[] = [];
  if (typed !== '')
    offered.push({
      iconPath: new vscode.ThemeIcon('edit'),
      label: `${typed}`,
      description: 'this value',
      answer: typed,
    });
  else if (typeof remembered === 'string') {
    offered.push({
      iconPath: new vscode.ThemeIcon('history'),
      label: `${remembered || "''"}`,
      description: 'as last time',
      answer: remembered,
    });
  } else if (remembered === null)
    offered.push({
      iconPath: new vscode.ThemeIcon('history'),
      label: 'NULL',
      description: 'as last time',
      answer: null,
    });
  if (!mustHave) {
    offered.push({
      iconPath: new vscode.ThemeIcon('symbol-parameter'),
      label: 'Generic plan',
      description: 'no values at all: the plan that fits all of them',
      answer: generic,
    });
  }
  if (kind === 'identifier') return offered;
  if (typed === '' && remembered !== null)
    offered.push({ iconPath: new vscode.ThemeIcon('circle-slash'), label: 'NULL', answer: null });
  if (typed === '')
    offered.push({
      iconPath: new vscode.ThemeIcon('symbol-string'),
      label: "''",
      description: 'empty text',
      answer: '',
    });
  if (typed === '') {
    offered.push({
      iconPath: new vscode.ThemeIcon('lock'),
      label: 'Type it hidden',
      description: 'neither shown nor remembered',
      answer: hidden,
    });
  }
  return offered;
}

/** Statements that differ in white space alone share their values. */
function statementKey(sql: string): string {
  return createHash('sha256').update(sql.replace(/\s+/g, ' ').trim()).digest('base64url').slice(0, 22);
}

function withRemembered(
  memory: Record<string, Remembered>,
  key: string,
  values: Remembered,
): Record<string, Remembered> {
  const { [key]: _former, ...others } = memory;
  return Object.fromEntries([...Object.entries(others), [key, values] as const].slice(-rememberedStatements));
}
