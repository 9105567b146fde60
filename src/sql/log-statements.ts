/**
 * Statements in PostgreSQL's logs: those of `log_statement` and `log_min_duration_statement`, in any of its three formats
 * (documentation, "Error Reporting and Logging"). Fed line by line.
 */
import type { LoggedStatement } from './sample-values';

const statement = /^(?:duration: [\d.]+ ms {2})?(?:statement|execute [^:]*): (.*)$/s;
const parameterList = /^parameters: (.*)$/is;
/** `… LOG:  `, whatever log_line_prefix puts before it. */
const entry =
  /(?:^|\s)(LOG|DETAIL|STATEMENT|ERROR|WARNING|NOTICE|INFO|HINT|CONTEXT|FATAL|PANIC|QUERY|LOCATION|DEBUG\d?): {1,2}(.*)$/s;

export class LogReader {
  #kind = '';
  #text = '';
  #pending: string | undefined;

  constructor(private readonly take: (found: LoggedStatement) => void) {}

  /** One line, without its end. */
  line(text: string): void {
    if (text.startsWith('{')) this.#json(text);
    else if (text.startsWith('\t')) this.#text += `\n${text.slice(1)}`;
    else {
      this.#end();
      const [, kind = '', message = ''] = entry.exec(text) ?? [];
      this.#kind = kind;
      this.#text = message;
    }
  }

  /** The last entry has no next one to end it. */
  finish(): void {
    this.#end();
    this.#give(undefined);
  }

  /** Message and detail of one entry, where the format keeps them together (csvlog, jsonlog). */
  entry(message: string, detail: string | undefined): void {
    const sql = statement.exec(message)?.[1];
    if (sql !== undefined) this.take({ sql, parameters: parametersIn(detail) });
  }

  #json(text: string): void {
    try {
      const { message, detail } = JSON.parse(text) as { message?: unknown; detail?: unknown };
      if (typeof message === 'string') this.entry(message, typeof detail === 'string' ? detail : undefined);
    } catch {
      // A line that was cut off when the log was copied.
    }
  }

  #end(): void {
    if (this.#kind === 'LOG') {
      this.#give(undefined);
      this.#pending = statement.exec(this.#text)?.[1];
    } else if (this.#kind === 'DETAIL') this.#give(this.#text);
    else if (this.#kind !== '') this.#give(undefined);
    this.#kind = '';
    this.#text = '';
  }

  #give(detail: string | undefined): void {
    if (this.#pending !== undefined) this.take({ sql: this.#pending, parameters: parametersIn(detail) });
    this.#pending = undefined;
  }
}

/** `$1 = 'it''s', $2 = NULL`; values that the server cut off (`log_parameter_max_length`) are left out. */
function parametersIn(detail: string | undefined): Map<string, string | null> {
  const found = new Map<string, string | null>();
  const list = parameterList.exec(detail ?? '')?.[1];
  if (list === undefined) return found;
  for (const [, name, quoted, cut] of list.matchAll(/(\$\d+) = (?:NULL|'((?:[^']|'')*)'(\.\.\.)?)/g)) {
    if (quoted === undefined) found.set(name!, null);
    else if (cut === undefined && !quoted.endsWith('...')) found.set(name!, quoted.replaceAll("''", "'"));
  }
  return found;
}
