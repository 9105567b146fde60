/** The statements of a call as its routines' sources have them, each with the call's values in place. Nothing is executed. */
import { type RoutineDefinition, readRoutines } from '../cluster/nested-routines';
import type { Session } from '../cluster/session';
import { readStatementFacts } from '../cluster/statement-facts';
import type { SqlParser } from '../sql/parser';
import { type PlpgsqlRoutine, type PlpgsqlStatement, readPlpgsql } from '../sql/plpgsql';
import {
  type FilledStatement,
  fillValues,
  type KnownVariable,
  type ValueScope,
  valueOfType,
} from '../sql/plpgsql-values';
import { findCalls, isConstantExpression, type RoutineCall } from '../sql/routine-calls';
import { scanStatements } from '../sql/split';
import { readTree } from '../sql/syntax-tree';

/** A statement in a routine's source. */
export interface SourceStatement {
  /** As SPI gets it; for a dynamic one the expression that makes it. */
  sql: string;
  kind: PlpgsqlStatement['kind'];
  line: number;
  /** Signature of its routine. */
  routine: string;
  /** Absent for the block of a DO. */
  definition?: RoutineDefinition;
  inLoop: boolean;
  /** It need not run when the call runs: it, or a statement around it, stands in a branch. */
  conditional: boolean;
  /** Index of the statement that calls its routine; -1 directly below the call. */
  parent: number;
  /** With values in place; absent for dynamic SQL and for what the grammar does not take. */
  filled?: FilledStatement;
}

export interface SourceTree {
  /** A statement stands before those of the routines it calls. */
  statements: SourceStatement[];
  /** The routines read, by signature. */
  routines: Map<string, RoutineDefinition>;
  /** COMMIT or ROLLBACK somewhere inside, as far as it was read. */
  endsTransaction: boolean;
  notes: string[];
  /** The procedure of a CALL, when there is none to read by that name and with that many arguments. */
  unresolved?: string;
}

/** Calls deeper than this are not followed, nor are more statements than this listed. */
const deepest = 8;
const mostStatements = 300;

/** Reads the routines that `sql` calls, and those that these call. Rejects with a ClusterError. */
export async function readSource(
  session: Session,
  parser: SqlParser,
  sql: string,
  signal?: AbortSignal,
): Promise<SourceTree> {
  const reader = new SourceReader(session, parser, signal);
  const outcome = parser.parse(sql);
  const kind = outcome.ok ? outcome.statements[0]?.kind : undefined;
  if (kind === 'DoStmt') await reader.openBlock(sql);
  else {
    const unresolved = await reader.openCalls(sql, -1, [], emptyScope);
    // The procedure's own name stands before those in its arguments.
    if (kind === 'CallStmt' && unresolved[0]?.index === 0) reader.tree.unresolved = unresolved[0].name;
  }
  return reader.tree;
}

const emptyScope: ValueScope = { routine: '', variables: new Map() };

class SourceReader {
  readonly tree: SourceTree = { statements: [], routines: new Map(), endsTransaction: false, notes: [] };
  readonly #known = new Map<string, RoutineDefinition[]>();
  readonly #volatile = new Map<string, boolean>();

  constructor(
    private readonly session: Session,
    private readonly parser: SqlParser,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** `DO`: its text is its definition; the server calls it inline_code_block. */
  async openBlock(sql: string): Promise<void> {
    const read = readPlpgsql(this.parser, sql);
    if ('message' in read) this.tree.notes.push(`The block could not be read: ${read.message}`);
    else await this.#addPlpgsql(read, 'inline_code_block', 'inline_code_block', new Map(), -1, []);
  }

  /** The routines that a statement calls, below it. `path` are the signatures around it. Answers those without a source. */
  async openCalls(
    sql: string,
    parent: number,
    path: string[],
    scope: ValueScope,
  ): Promise<{ index: number; name: string }[]> {
    const calls = findCalls(this.parser, sql);
    const unresolved: { index: number; name: string }[] = [];
    await this.#learn(calls);
    for (const [index, call] of calls.entries()) {
      const definition = choose(call, this.#known.get(keyOf(call)) ?? []);
      if (!definition) unresolved.push({ index, name: [call.schema, call.name].filter(Boolean).join('.') });
      if (!definition || path.includes(definition.signature)) continue;
      if (path.length >= deepest) {
        this.#noteOnce(`Calls deeper than ${deepest} are not followed.`);
        continue;
      }
      await this.#open(definition, call, parent, path, scope);
    }
    return unresolved;
  }

  async #open(
    definition: RoutineDefinition,
    call: RoutineCall,
    parent: number,
    path: string[],
    scope: ValueScope,
  ): Promise<void> {
    const { signature, language, name } = definition;
    this.tree.routines.set(signature, definition);
    const parameters = await this.#bind(definition, call, scope);
    const inner = [...path, signature];
    if (language === 'plpgsql') {
      const read = readPlpgsql(this.parser, definition.definition);
      if ('message' in read) this.#noteOnce(`The source of ${signature} could not be read: ${read.message}`);
      else await this.#addPlpgsql(read, signature, name, parameters, parent, inner);
    } else if (language === 'sql') await this.#addSql(definition, parameters, parent, inner);
    else this.#noteOnce(`${signature} is written in ${language}, whose source is not read.`);
  }

  async #addPlpgsql(
    read: PlpgsqlRoutine,
    signature: string,
    name: string,
    parameters: Map<string, KnownVariable>,
    parent: number,
    path: string[],
  ): Promise<void> {
    if (read.endsTransaction) this.tree.endsTransaction = true;
    const scope = await this.#scope(read, name, parameters);
    for (const statement of read.statements) {
      if (statement.kind === 'expression' && !(await this.#isOfInterest(statement.sql))) continue;
      const own = await this.#usingScope(statement, scope);
      await this.#add({ ...statement, routine: signature, parent }, own, path);
    }
  }

  async #addSql(
    definition: RoutineDefinition,
    parameters: Map<string, KnownVariable>,
    parent: number,
    path: string[],
  ): Promise<void> {
    const { signature, name, body, columnNames } = definition;
    const atomic = /\bBEGIN ATOMIC\b([\s\S]*)\bEND\s*$/.exec(definition.definition)?.[1];
    const text = body || atomic || '';
    const scope: ValueScope = { routine: name, variables: parameters, columnsFirst: new Set(columnNames) };
    let line = 0;
    for (const span of scanStatements(text)) {
      line += 1;
      const sql = text.slice(span.start, span.end);
      await this.#add(
        { kind: 'sql', sql, line, inLoop: false, conditional: false, routine: signature, parent },
        scope,
        path,
      );
    }
  }

  async #add(statement: Omit<SourceStatement, 'filled'>, scope: ValueScope, path: string[]): Promise<void> {
    const { statements } = this.tree;
    if (statements.length >= mostStatements) {
      this.#noteOnce(`More than ${mostStatements} statements; the others are left out.`);
      return;
    }
    const { kind, sql, line, routine, inLoop, parent } = statement;
    const conditional = statement.conditional || statements[parent]?.conditional === true;
    const entry: SourceStatement = { kind, sql, line, routine, inLoop, conditional, parent };
    const definition = this.tree.routines.get(routine);
    if (definition) entry.definition = definition;
    const filled = kind === 'dynamic' ? undefined : fillValues(this.parser, sql, scope);
    if (filled) entry.filled = filled;
    const index = statements.push(entry) - 1;
    if (kind !== 'dynamic') await this.openCalls(sql, index, path, scope);
  }

  /** Reads a table, or calls a routine that people wrote. */
  async #isOfInterest(sql: string): Promise<boolean> {
    const outcome = this.parser.parse(sql);
    if (!outcome.ok) return false;
    const [statement] = outcome.statements;
    if (statement && readTree(statement.kind, statement.node).relations.length > 0) return true;
    const calls = findCalls(this.parser, sql);
    await this.#learn(calls);
    return calls.some(call => (this.#known.get(keyOf(call)) ?? []).length > 0);
  }

  /** Values of a call's arguments and of the defaults of what it leaves out, by name and by number. */
  async #bind(
    { parameters }: RoutineDefinition,
    call: RoutineCall,
    scope: ValueScope,
  ): Promise<Map<string, KnownVariable>> {
    const bound = new Map<string, KnownVariable>();
    for (const [index, { name, type, default: fallback }] of parameters.entries()) {
      const given =
        call.arguments.find(argument => argument.name !== undefined && argument.name === name) ??
        (call.arguments[index]?.name === undefined ? call.arguments[index] : undefined);
      const value = given
        ? await this.#value(given.text, type, scope)
        : await this.#value(fallback ?? 'NULL', type, emptyScope);
      if (name !== undefined) bound.set(name, value);
      bound.set(`$${index + 1}`, value);
    }
    return bound;
  }

  /** The expression as a value, when it is the same at any time and for any row. */
  async #value(expression: string, type: string | undefined, scope: ValueScope): Promise<KnownVariable> {
    const filled = fillValues(this.parser, `SELECT ${expression}`, scope);
    const [unknown] = filled?.unknown ?? [];
    if (!filled || unknown) return { type, why: unknown ? `it depends on ${unknown.name}` : undefined };
    const text = filled.sql.slice('SELECT '.length);
    if (!isConstantExpression(this.parser, text)) return { type, why: 'it is read from a table' };
    const calls = findCalls(this.parser, `SELECT ${text}`);
    await this.#learn(calls);
    const changing = calls.find(call => this.#volatile.get(keyOf(call)) !== false);
    if (changing) return { type, why: `${changing.name}() gives another value each time` };
    return { type, sql: valueOfType(text, type) };
  }

  async #scope(read: PlpgsqlRoutine, routine: string, parameters: Map<string, KnownVariable>): Promise<ValueScope> {
    const variables = new Map(parameters);
    const scope = { routine, variables };
    for (const { name, type, value, isAssigned } of read.variables.values()) {
      const passed = parameters.get(name);
      if (passed && !isAssigned) continue;
      const declared = passed?.type ?? type;
      const unknown: KnownVariable = { type: declared, why: 'the routine sets it while it runs' };
      // What a later variable's value depends on is declared or assigned before it.
      if (!passed && value !== undefined) variables.set(name, await this.#value(value, declared, scope));
      else if (isAssigned || type === undefined) variables.set(name, unknown);
      else variables.set(name, { type: declared, sql: valueOfType('NULL', declared) });
    }
    return scope;
  }

  /** `$1` of EXECUTE … USING; elsewhere the parameters by number. */
  async #usingScope(statement: PlpgsqlStatement, scope: ValueScope): Promise<ValueScope> {
    if (statement.using.length === 0) return scope;
    const variables = new Map<string, KnownVariable>();
    for (const [index, text] of statement.using.entries())
      variables.set(`$${index + 1}`, await this.#value(text, undefined, scope));
    return { routine: '', variables };
  }

  /** Asks the catalog about names not asked about before. */
  async #learn(calls: readonly RoutineCall[]): Promise<void> {
    const names = calls
      .filter(call => !this.#known.has(keyOf(call)))
      .map(({ schema, name }) => (schema === undefined ? { name } : { schema, name }));
    if (names.length === 0) return;
    const [definitions, facts] = await Promise.all([
      readRoutines(this.session, names, this.signal),
      readStatementFacts(this.session, names, this.signal),
    ]);
    for (const name of names) {
      const isIt = (found: { schema: string; name: string }) =>
        found.name === name.name && (name.schema === undefined || found.schema === name.schema);
      this.#known.set(keyOf(name), definitions.filter(isIt));
      this.#volatile.set(
        keyOf(name),
        facts.volatility.filter(isIt).some(({ volatility }) => volatility === 'volatile'),
      );
    }
  }

  #noteOnce(note: string): void {
    if (!this.tree.notes.includes(note)) this.tree.notes.push(note);
  }
}

function keyOf({ schema, name }: { schema?: string; name: string }): string {
  return JSON.stringify([schema, name]);
}

/** By the number and names of its arguments; the first of several that fit. */
function choose(call: RoutineCall, candidates: readonly RoutineDefinition[]): RoutineDefinition | undefined {
  return candidates.find(({ parameters }) => {
    const required = parameters.filter(parameter => parameter.default === undefined).length;
    const names = call.arguments.flatMap(({ name }) => name ?? []);
    const fits = call.arguments.length >= required && call.arguments.length <= parameters.length;
    return fits && names.every(name => parameters.some(parameter => parameter.name === name));
  });
}
