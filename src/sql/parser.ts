/**
 * PostgreSQL's own grammar (version 17, libpg_query as WebAssembly). Loaded on first use: activation pays nothing.
 */
import type { LibpgQuery } from '@libpg-query/parser/wasm/libpg-query.js';
import { trimTrivia } from './lexer';
import { offsetOfPosition, utf16OffsetsByByte } from './offsets';

export interface SqlSyntaxError {
  message: string;
  /** UTF-16 offset into the text that was parsed. */
  offset: number;
}

export interface ParsedStatement {
  /** Fields of the statement's node; every `location` in it is a UTF-16 offset (absent when 0 or unknown). */
  node: Record<string, unknown>;
  /** PostgreSQL's node tag: `SelectStmt`, `InsertStmt`, … */
  kind: string;
  /** UTF-16 offset of the first token. */
  start: number;
  /** UTF-16 offset behind the last token, the semicolon not counted. */
  end: number;
}

type ParseOutcome = { ok: true; statements: ParsedStatement[] } | { ok: false; error: SqlSyntaxError };

export interface SqlParser {
  /**
   * All statements of `sql`, or the first error: one broken statement fails the whole text, as it does in PostgreSQL.
   * Knows no psql (`:name`, `\gexec`): bind parameters first.
   */
  parse(sql: string): ParseOutcome;
  /**
   * libpg_query's fingerprint (16 hex digits): equal for statements that differ in constants only. Undefined when the
   * text does not parse, or holds no statement. Comparable only within one major version of the parser.
   */
  fingerprint(sql: string): string | undefined;
  /**
   * PL/pgSQL's own grammar on a `CREATE FUNCTION`, `CREATE PROCEDURE` or `DO`: its tree, as libpg_query writes it, or
   * the error. Lines count from the body's beginning; there are no offsets.
   */
  parseRoutine(sql: string): { tree: unknown } | { message: string };
}

let parser: Promise<SqlParser> | undefined;

/** The parser, loaded once for all callers. Rejects when its .wasm file is missing; the next call tries again. */
export function loadSqlParser(): Promise<SqlParser> {
  parser ??= WasmSqlParser.load().catch(error => {
    parser = undefined;
    throw error;
  });
  return parser;
}

/** What libpg_query gives for text without a statement (measured with 17.6.10). */
const fingerprintOfNothing = 'd8d13f8b2da6c9ad';

const tooDeep =
  'The statement is nested too deeply for the parser, which is sure to follow 1,000 operators, UNIONs or subqueries.';
const restarting = 'The parser is starting again after a statement that was nested too deeply. Run the command again.';

/**
 * The module recurses as deep as the statement nests and may exceed the JavaScript stack. Measured with 17.6.10: after
 * some 45 such failures its memory is corrupt, and a corrupt parser could call a write a read. So a module that failed
 * is thrown away, never asked again, and a spare takes its place.
 */
class WasmSqlParser implements SqlParser {
  /** The first is in use, the second is the spare. */
  readonly #modules: LibpgQuery[];

  private constructor(
    private readonly create: () => Promise<LibpgQuery>,
    module: LibpgQuery,
  ) {
    this.#modules = [module];
    this.#addSpare();
  }

  static async load(): Promise<SqlParser> {
    const { default: create } = await import('@libpg-query/parser/wasm/libpg-query.js');
    return new WasmSqlParser(create, await create());
  }

  parse(sql: string): ParseOutcome {
    const nul = sql.indexOf('\0');
    // To the module, as to PostgreSQL, NUL ends the text: what follows would go unseen.
    if (nul >= 0) return failure('The text holds a NUL character, which PostgreSQL does not accept.', nul);
    const bytes = new TextEncoder().encode(sql);
    const answer = this.#ask(module => parseBytes(module, bytes));
    if (typeof answer === 'string') return failure(answer, 0);
    if ('message' in answer) return failure(answer.message, offsetOfPosition(sql, answer.position));
    return { ok: true, statements: readStatements(sql, answer.json, utf16OffsetsByByte(sql, bytes.length)) };
  }

  fingerprint(sql: string): string | undefined {
    if (sql.includes('\0')) return undefined;
    const bytes = new TextEncoder().encode(sql);
    const answer = this.#ask(module => ({ text: stringResult(module, bytes, '_wasm_fingerprint') }));
    // Errors come back as the result, some of them without any prefix: only 16 hex digits are a fingerprint.
    if (typeof answer === 'string' || !/^[0-9a-f]{16}$/.test(answer.text)) return undefined;
    return answer.text === fingerprintOfNothing ? undefined : answer.text;
  }

  parseRoutine(sql: string): { tree: unknown } | { message: string } {
    if (sql.includes('\0')) return { message: 'The text holds a NUL character, which PostgreSQL does not accept.' };
    const bytes = new TextEncoder().encode(sql);
    const answer = this.#ask(module => ({ text: stringResult(module, bytes, '_wasm_parse_plpgsql') }));
    if (typeof answer === 'string') return { message: answer };
    // Errors come back as the result, without a mark.
    return answer.text.startsWith('{') ? { tree: JSON.parse(answer.text) } : { message: answer.text };
  }

  /** What `work` gives, or the reason why the module could not do it. */
  #ask<T extends object>(work: (module: LibpgQuery) => T): T | string {
    const module = this.#modules[0];
    if (module === undefined) return restarting;
    try {
      return work(module);
    } catch (error) {
      this.#modules.shift();
      this.#addSpare();
      return error instanceof RangeError ? tooDeep : `The parser failed on this statement: ${error}`;
    }
  }

  #addSpare(): void {
    this.create().then(
      module => this.#modules.push(module),
      // The .wasm file was there a moment ago. Without a spare, `restarting` is what the next failure leads to.
      () => undefined,
    );
  }
}

function failure(message: string, offset: number): ParseOutcome {
  return { ok: false, error: { message, offset } };
}

function withCString<T>(module: LibpgQuery, bytes: Uint8Array, work: (pointer: number) => T): T {
  const pointer = module._malloc(bytes.length + 1);
  if (pointer === 0) throw new Error(`out of memory for ${bytes.length} bytes`);
  module.HEAPU8.set(bytes, pointer);
  module.HEAPU8[pointer + bytes.length] = 0;
  const result = work(pointer);
  module._free(pointer);
  return result;
}

/** Reads a PgQueryParseResult: pointers to the JSON tree, the stderr buffer and the error (libpg_query, pg_query.h). */
function parseBytes(module: LibpgQuery, bytes: Uint8Array): { json: string } | { message: string; position: number } {
  return withCString(module, bytes, sql => {
    const result = module._wasm_parse_query_raw(sql);
    if (result === 0) throw new Error('out of memory');
    const error = module.getValue(result + 8, 'i32');
    const outcome =
      error === 0
        ? { json: module.UTF8ToString(module.getValue(result, 'i32')) }
        : {
            message: module.UTF8ToString(module.getValue(error, 'i32')),
            // Message, function, file, line, then the position in code points from 1; 0 when unknown.
            position: Math.max(1, module.getValue(error + 16, 'i32')),
          };
    module._wasm_free_parse_result(result);
    return outcome;
  });
}

function stringResult(
  module: LibpgQuery,
  bytes: Uint8Array,
  work: '_wasm_fingerprint' | '_wasm_parse_plpgsql',
): string {
  return withCString(module, bytes, sql => {
    const result = module[work](sql);
    if (result === 0) throw new Error('out of memory');
    const text = module.UTF8ToString(result);
    module._wasm_free_string(result);
    return text;
  });
}

interface RawStatement {
  stmt: Record<string, Record<string, unknown>>;
  stmt_location?: number;
  stmt_len?: number;
}

function readStatements(sql: string, json: string, toUtf16: (byteOffset: number) => number): ParsedStatement[] {
  const { stmts = [] } = JSON.parse(json) as { stmts?: RawStatement[] };
  return stmts.map(({ stmt, stmt_location: from = 0, stmt_len: length }) => {
    const [kind, node] = Object.entries(stmt)[0]!;
    convertLocations(node, toUtf16);
    // The grammar's own range begins right behind the previous semicolon.
    const end = length === undefined ? sql.length : toUtf16(from + length);
    return { node, kind, ...trimTrivia(sql, { start: toUtf16(from), end }) };
  });
}

/** Rewrites every byte offset in the tree. A loop: trees are as deep as statements nest. */
function convertLocations(root: object, toUtf16: (byteOffset: number) => number): void {
  const open: object[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const [key, value] of Object.entries(node)) {
      if (typeof value === 'object' && value !== null) open.push(value);
      else if (typeof value === 'number' && value > 0 && key.endsWith('location')) {
        (node as Record<string, unknown>)[key] = toUtf16(value);
      }
    }
  }
}
