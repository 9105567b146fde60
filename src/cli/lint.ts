/** `cutover check --lint`: what is wrong with a playbook as it is written. Asks no cluster. */
import { TextDocument } from 'vscode-languageserver-textdocument';
import { findCheck, suggestCheck } from '../checks/catalogue';
import { redact } from '../cluster/redact';
import { lint } from '../playbook/lint/lint';
import { levelOf } from '../playbook/lint/rules';
import type { Playbook } from '../playbook/playbook';
import { visibleLine } from '../playbook/visible';
import { SqlJudge } from '../sql/sql-judge';
import type { Surroundings } from './explain';
import type { SettingsFile } from './settings-file';

/** Returns the exit code: 0, or 2 when something of level `error` was found. */
export async function lintPlaybook(
  playbook: Playbook,
  file: string,
  settings: SettingsFile | undefined,
  { stdout, stderr }: Surroundings,
): Promise<number> {
  const judge = await SqlJudge.load();
  const found = lint(playbook, {
    now: Date.now(),
    migrations: settings?.migrations.map(({ name }) => name),
    catalogue: { has: id => findCheck(id) !== undefined, nearest: suggestCheck },
    judgeSql: sql => judge.problemOf(sql),
    classOf: sql => judge.classOf(sql),
  });
  const document = TextDocument.create('', 'markdown', 0, playbook.text);
  const counts = new Map<string, number>();
  for (const { code, message, start } of found) {
    const level = levelOf(code, settings?.levels ?? {});
    if (level === 'off') continue;
    counts.set(level, (counts.get(level) ?? 0) + 1);
    const { line, character } = document.positionAt(start);
    const text = `${file}:${line + 1}:${character + 1}: ${level}: ${message} (${code})`;
    stdout.write(`${redact(visibleLine(text))}\n`);
  }
  const of = (level: string, words = `${level}s`) =>
    `${counts.get(level) ?? 0} ${counts.get(level) === 1 ? level : words}`;
  stderr.write(`cutover: ${of('error')}, ${of('warning')}, ${of('information', 'information')}, ${of('hint')}\n`);
  return counts.has('error') ? 2 : 0;
}
