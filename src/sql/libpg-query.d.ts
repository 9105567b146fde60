/**
 * The Emscripten module inside @libpg-query/parser. Its own entry point shares one module for good and cannot replace it
 * (see SqlParser), so Cutover uses the module's factory. The package is pinned to one exact version.
 */
declare module '@libpg-query/parser/wasm/libpg-query.js' {
  export interface LibpgQuery {
    /** The module's memory; a new view after it has grown, so never keep it over a call. */
    readonly HEAPU8: Uint8Array;
    getValue(pointer: number, type: 'i32'): number;
    UTF8ToString(pointer: number): string;
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    /** Takes a C string; returns a PgQueryParseResult. */
    _wasm_parse_query_raw(sql: number): number;
    _wasm_free_parse_result(result: number): void;
    /** Takes a C string; returns a C string: the fingerprint or an error message. */
    _wasm_fingerprint(sql: number): number;
    /** Takes a C string; returns a C string: the tree as JSON or an error message. */
    _wasm_parse_plpgsql(sql: number): number;
    _wasm_free_string(text: number): void;
  }
  const createLibpgQuery: () => Promise<LibpgQuery>;
  // biome-ignore lint/style/noDefaultExport: that is how the package exports it.
  export default createLibpgQuery;
}
