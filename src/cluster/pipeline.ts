import type { Socket } from 'node:net';
import type { Client } from 'pg';
import type { DriverRows, LimitedQuery, ResultLimit } from './limited-query';
import { formatNotice, type Notice } from './notice';
import { marked } from './own-marker';

export interface Statement {
  text: string;
  /** Text values of $1, $2, …; the server infers their types. */
  values?: readonly (string | null)[];
  /** Simple protocol instead of extended, which refuses a second statement. For Cutover's own text only, or checked text. */
  simple?: boolean;
  /**
   * The application's own statement, run as it is: where the server keeps one text for both, Cutover's comment in it would
   * stand for the application's calls.
   */
  asWritten?: boolean;
  /** Reads no more than that. Where more text comes than is read, the session ends with it. */
  limit?: ResultLimit;
}

export interface QueryResult {
  fields: string[];
  /** Oid of each column's type. */
  typeOids: number[];
  /** Values as the server wrote them. */
  rows: (string | null)[][];
  /** From the end of the statement before (or sending) to the end of this one, as the client saw it. */
  elapsedMs: number;
  /** There was more than the statement's limit. */
  truncated?: true;
}

/** One statement's end. */
export interface Answer {
  result?: QueryResult;
  error?: Error;
  notices: string[];
  elapsedMs: number;
}

export interface PipelineEvents {
  /** The server did not answer in time: the connection is given up. */
  onSilent(): void;
  /** More came than was to be read: the connection is given up. */
  onCutOff(): void;
}

/** The statements that are under way on a connection, in the order in which the server answers. */
export class Pipeline {
  readonly #client: Client;
  readonly #stream: Socket;
  readonly #events: PipelineEvents;
  readonly #pending: { limitMs: number | undefined }[] = [];
  #watchdog: NodeJS.Timeout | undefined;
  #notices: string[] = [];
  #lastAt = 0;
  /** Sees each notice as it comes, not redacted; true keeps it out of the answers. */
  takeNotice: ((notice: Notice) => boolean) | undefined;

  constructor({ client, stream }: { client: Client; stream: Socket }, events: PipelineEvents) {
    this.#client = client;
    this.#stream = stream;
    this.#events = events;
    client.on('notice', notice => {
      if (!this.takeNotice?.(notice)) this.#notices.push(formatNotice(notice));
    });
  }

  /** Everything that was sent is answered. */
  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  /** Never rejects. @param limitMs for the answer, once it is its turn; undefined: none */
  send(statement: Statement, limitMs: number | undefined, Limited?: typeof LimitedQuery): Promise<Answer> {
    return new Promise(resolve => {
      const entry = { limitMs };
      let stopCounting: (() => void) | undefined;
      if (this.#pending.length === 0) this.#lastAt = performance.now();
      this.#pending.push(entry);
      this.#watch();
      // A callback, as it runs before the next message is read: notices and times belong to their statement.
      const answered = (error: Error | null, results: DriverRows | DriverRows[], cutOff = false) => {
        const index = this.#pending.indexOf(entry);
        if (index < 0) return;
        stopCounting?.();
        this.#pending.splice(index, 1);
        this.#watch();
        const now = performance.now();
        const answer: Answer = { notices: this.#notices, elapsedMs: now - this.#lastAt };
        this.#lastAt = now;
        this.#notices = [];
        if (error) answer.error = error;
        else answer.result = limitRows(readRows(results, answer.elapsedMs), statement.limit, cutOff);
        resolve(answer);
      };
      const text = statement.asWritten ? statement.text : marked(statement.text);
      if (statement.limit && Limited) {
        const query = new Limited(text, statement.limit.rows, answered);
        stopCounting = this.#cutOffAt(statement.limit.bytes, () => answered(null, query.rowsSoFar, true));
        this.#client.query(query);
        return;
      }
      const config = {
        text,
        values: statement.values ? [...statement.values] : [],
        rowMode: 'array' as const,
        ...(statement.simple ? {} : { queryMode: 'extended' }),
      };
      this.#client.query(config, answered);
    });
  }

  /**
   * Ends the session once more bytes have come, even in the middle of a value: a row may be 1 GB. The server learns of it
   * when it goes on sending, or by the cancellation.
   */
  #cutOffAt(bytes: number, onCut: () => void): () => void {
    let received = 0;
    const count = (chunk: Buffer) => {
      received += chunk.length;
      if (received <= bytes) return;
      onCut();
      this.#stream.destroy();
      this.#events.onCutOff();
    };
    this.#stream.on('data', count);
    return () => this.#stream.off('data', count);
  }

  /** A server that fell silent (pulled cable, sleeping laptop) never answers: give up on the head of the line in time. */
  #watch(): void {
    clearTimeout(this.#watchdog);
    const limitMs = this.#pending[0]?.limitMs;
    if (limitMs === undefined) return;
    this.#watchdog = setTimeout(() => {
      this.#events.onSilent();
      this.#stream.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
    }, limitMs);
  }

  /** Nothing is waited for any more. */
  end(): void {
    clearTimeout(this.#watchdog);
    this.#stream.destroy();
  }
}

/** Several answers come from a text of several statements, which only BEGIN is. */
function readRows(results: DriverRows | DriverRows[], elapsedMs: number): QueryResult {
  const { fields, rows } = Array.isArray(results) ? results.at(-1)! : results;
  return {
    fields: fields.map(field => field.name),
    typeOids: fields.map(field => field.dataTypeID),
    rows,
    elapsedMs,
  };
}

function limitRows(result: QueryResult, limit: ResultLimit | undefined, cutOff: boolean): QueryResult {
  if (!limit || (!cutOff && result.rows.length <= limit.rows)) return result;
  return { ...result, rows: result.rows.slice(0, limit.rows), truncated: true };
}
