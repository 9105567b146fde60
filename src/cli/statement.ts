import { listStatements, statementAt } from '../sql/document';
import { findParameters } from '../sql/parameters';
import { loadSqlParser } from '../sql/parser';
import { statementTitle } from '../sql/title';
import { UsageError } from './usage';

/**
 * The statement of a file: the one on `line` (1-based), else the only one there is.
 * @throws UsageError naming the statements there are when it is not clear which one is meant.
 */
export async function statementInFile(text: string, name: string, line?: number): Promise<string> {
  const language = /\.(md|markdown)$/i.test(name) ? 'markdown' : 'sql';
  if (line !== undefined) {
    const start = startOfLine(text, line);
    if (start === undefined) throw new UsageError(`${name} has no line ${line}.`, 'Give a line of the statement.');
    const indent = /^[ \t]*/.exec(text.slice(start))![0].length;
    const statement = statementAt(text, start + indent, language, undefined, await loadSqlParser());
    if (statement) return statement.text;
    throw new UsageError(`There is no statement on line ${line} of ${name}.`, listOf(text, language));
  }
  const statements = listStatements(text, language);
  if (statements.length === 1) return statements[0]!.text;
  if (statements.length === 0) throw new UsageError(`There is no statement in ${name}.`, 'Give a file with SQL.');
  throw new UsageError(`There are ${statements.length} statements in ${name}.`, listOf(text, language));
}

function startOfLine(text: string, line: number): number | undefined {
  const breaks = /\r\n|\n|\r/g;
  let start = 0;
  for (let at = 1; at < line; at++) {
    if (!breaks.exec(text)) return undefined;
    start = breaks.lastIndex;
  }
  return start;
}

function listOf(text: string, language: string): string {
  const statements = listStatements(text, language);
  if (statements.length === 0) return 'Give a file with SQL.';
  const lines = statements.slice(0, 10).map(statement => {
    const line = text.slice(0, statement.range.start).split(/\r\n|\n|\r/).length;
    return `  --line ${line}  ${statementTitle(statement.text, 60)}`;
  });
  const more = statements.length > 10 ? `\n  … and ${statements.length - 10} more` : '';
  return `Choose one:\n${lines.join('\n')}${more}`;
}

/**
 * Values by the parameters' names as they stand in the statement; undefined when none was given. `given` holds plain
 * values and `name=value`; the latter only counts as such when the statement has a parameter of that name, so that
 * `--param a=b` can still be the value of `$1`.
 */
export function parameterValues(
  sql: string,
  given: readonly string[],
  nulls: readonly string[],
): Record<string, string | null> | undefined {
  if (given.length === 0 && nulls.length === 0) return undefined;
  const names = parameterNames(sql);
  if (names.length === 0) throw new UsageError('The statement has no parameters.', 'Leave out --param and --null.');
  const values: Record<string, string | null> = {};
  const set = (bare: string, value: string | null): boolean => {
    const meant = names.filter(name => bareName(name) === bare);
    for (const name of meant) {
      if (Object.hasOwn(values, name)) throw new UsageError(`The parameter ${name} is given twice.`);
      values[name] = value;
    }
    return meant.length > 0;
  };
  for (const name of nulls) {
    if (!set(bareName(name), null))
      throw new UsageError(`The statement has no parameter ${name}.`, `It has ${names.join(', ')}.`);
  }
  const inOrder: string[] = [];
  for (const each of given) {
    const equals = each.indexOf('=');
    if (equals < 1 || !set(bareName(each.slice(0, equals)), each.slice(equals + 1))) inOrder.push(each);
  }
  for (const value of inOrder) {
    const name = names.find(candidate => !Object.hasOwn(values, candidate));
    if (name === undefined) {
      throw new UsageError(
        `There is one value too many: "${value}".`,
        `The statement has the parameters ${names.join(', ')}.`,
      );
    }
    set(bareName(name), value);
  }
  const missing = names.filter(name => !Object.hasOwn(values, name));
  if (missing.length > 0) throw new UsageError(`There is no value for ${missing.join(', ')}.`, 'Give it by --param.');
  return values;
}

/** `$1`, `$2`, … by number, then variables by their first place. */
function parameterNames(sql: string): string[] {
  const names = findParameters(sql).map(({ name }) => name);
  const numbered = names.filter(name => name.startsWith('$')).sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
  return [...numbered, ...names.filter(name => !name.startsWith('$'))];
}

/** `1` of `$1`, `app` of `:app`, `:'app'` and `:"app"`. */
function bareName(name: string): string {
  return name.replace(/^[$:]/, '').replace(/^(['"])(.*)\1$/, '$2');
}
