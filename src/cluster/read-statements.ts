import { type NodeReading, noNames, type Reading, readHeader } from '../statements/reading';
import type { ClusterError } from './errors';
import { marked } from './own-marker';
import { type ClusterRow, json, placesOf } from './places';
import { nodesQuery, prepareCatalogQueries } from './plan-facts-sql';
import { redact } from './redact';
import type { QueryResult, Session, Statement } from './session';
import { type Access, accessQuery, citusStatementsQuery, namesQuery, rowsQuery, shardsQuery } from './statements-sql';
import { shortVersion } from './topology';

type Note = Reading['notes'][number];

/** A node other than the one the session is connected to. */
interface Worker {
  host: string;
  port: number;
  access?: Access;
  problem?: string;
}

/**
 * pg_stat_statements of every node of a side, and what the catalogs say about the names in its texts. Two round trips: who
 * has which version of the extension, then the rows; Citus asks its workers by itself, all at the same time. What cannot be
 * read is a `problem` of the node or a note, each with how to mend it. Rejects with a ClusterError when the session was
 * cancelled or lost.
 */
export async function readStatementStatistics(session: Session, label: string, signal?: AbortSignal): Promise<Reading> {
  const citus = session.server.citus !== undefined;
  const notes: Note[] = [];
  const about = await readAbout(session, citus, notes, signal);
  const workers = about.workers.filter(({ access }) => isReadable(access));
  const statements: Record<string, Statement | false> = {
    prepare: { text: prepareCatalogQueries(citus), simple: true },
    here: isReadable(about.here) && { text: rowsQuery(about.here) },
    workers: workers.length > 0 && workersRows(workers),
    citus: citus && isReadable(about.here) && { text: citusStatementsQuery },
  };
  const answers = await ask(session, statements, signal);
  const answer = answers.get('here')?.rows[0]?.[0];
  // The server's clock where it can be had: resets are told by it.
  const readAt = answer ? readHeader(answer).header.at : new Date().toISOString();
  const { address, profile, server } = session;
  const reading: Reading = {
    version: 1,
    at: readAt,
    label,
    address,
    postgresVersion: shortVersion(server.postgres),
    ...(server.citus === undefined ? {} : { citusVersion: server.citus }),
    database: profile.database,
    user: profile.user,
    nodes: [
      nodeReading(about.place, about.here, answer, answers.failures.get('here')),
      ...workerReadings(about.workers, answers.get('workers'), answers.failures.get('workers')),
    ],
    names: about.names,
    notes,
  };
  const citusStatements = answers.get('citus')?.rows[0]?.[0];
  if (citusStatements) reading.citusStatements = citusStatements;
  const citusFailure = answers.failures.get('citus');
  if (citusFailure) notes.push({ text: `citus_stat_statements could not be read: ${citusFailure}` });
  return reading;
}

/** What is known before a row is read. */
interface About {
  place: { node: string; role: NodeReading['role'] };
  here: Access | undefined;
  workers: Worker[];
  names: Reading['names'];
}

async function readAbout(
  session: Session,
  citus: boolean,
  notes: Note[],
  signal: AbortSignal | undefined,
): Promise<About> {
  const answers = await ask(
    session,
    {
      prepare: { text: prepareCatalogQueries(citus), simple: true },
      access: { text: accessQuery },
      names: { text: namesQuery },
      nodes: citus && { text: nodesQuery },
      shards: citus && { text: shardsQuery },
      workers: citus && {
        text: 'SELECT nodename, nodeport, success, result FROM run_command_on_workers($1)',
        values: [marked(accessQuery)],
      },
    },
    signal,
  );
  for (const [what, text] of [
    ['names', 'Search paths and functions could not be read, so that names are compared as they are written'],
    ['shards', 'The shards could not be read, so that each is a statement of its own'],
    ['workers', 'The workers could not be asked'],
  ] as const) {
    const failure = answers.failures.get(what);
    if (failure) notes.push({ text: `${text}: ${failure}` });
  }
  const names = json<Record<keyof Reading['names'], never>>(answers.get('names'));
  const { here, others } = placesOf(session, json<ClusterRow>(answers.get('nodes')));
  return {
    place: { node: here.node, role: citus ? here.role : 'standalone' },
    here: json<Access>(answers.get('access')),
    workers: others
      .filter(([{ role }]) => role === 'worker')
      .map(([{ node }, active]) => workerOf(node, active, answers.get('workers'), answers.failures.get('workers'))),
    names: {
      searchPaths: names?.searchPaths ?? noNames.searchPaths,
      ambiguous: names?.ambiguous ?? noNames.ambiguous,
      volatileFunctions: names?.volatileFunctions ?? noNames.volatileFunctions,
      shards: json<Reading['names']['shards']>(answers.get('shards')) ?? noNames.shards,
    },
  };
}

function workerOf(
  node: string,
  active: boolean,
  answers: QueryResult | undefined,
  failure: string | undefined,
): Worker {
  const colon = node.lastIndexOf(':');
  const worker: Worker = { host: node.slice(0, colon), port: Number(node.slice(colon + 1)) };
  const [, , success, result] = answers?.rows.find(([host, port]) => `${host}:${port}` === node) ?? [];
  if (success === 't' && result) return { ...worker, access: JSON.parse(result) as Access };
  const silent = active ? 'Citus gave no answer for it.' : 'It is inactive in pg_dist_node.';
  return { ...worker, problem: redact(result || failure || silent) };
}

function isReadable(access: Access | undefined): access is Access & { extension: string; schema: string } {
  return access?.loaded === true && access.extension !== null && access.schema !== null;
}

/**
 * `master_run_on_worker` takes a command for each node: their extensions may differ. It is no sandbox (it writes even for a
 * read-only session), so nothing but the constant queries of statements-sql.ts ever goes through it.
 */
function workersRows(workers: readonly Worker[]): Statement {
  const commands = workers.map(({ access }) => marked(rowsQuery(access as { extension: string; schema: string })));
  return {
    text: `SELECT node_name, node_port, success, result FROM master_run_on_worker(
             ARRAY(SELECT json_array_elements_text($1::json)), ARRAY(SELECT json_array_elements_text($2::json)::int),
             ARRAY(SELECT json_array_elements_text($3::json)), true)`,
    values: [
      JSON.stringify(workers.map(({ host }) => host)),
      JSON.stringify(workers.map(({ port }) => port)),
      JSON.stringify(commands),
    ],
  };
}

function workerReadings(
  workers: readonly Worker[],
  answers: QueryResult | undefined,
  failure: string | undefined,
): NodeReading[] {
  return workers.map(({ host, port, access, problem }) => {
    const place = { node: `${host}:${port}`, role: 'worker' } as const;
    if (problem !== undefined) return { ...place, problem: { text: problem } };
    const [, , success, result] = answers?.rows.find(row => row[0] === host && Number(row[1]) === port) ?? [];
    return success === 't'
      ? nodeReading(place, access, result, undefined)
      : nodeReading(place, access, undefined, redact(result || failure || 'Citus gave no answer for it.'));
  });
}

const create = 'CREATE EXTENSION pg_stat_statements;';

function nodeReading(
  place: About['place'],
  access: Access | undefined,
  answer: string | null | undefined,
  failure: string | undefined,
): NodeReading {
  const reading: NodeReading = access?.extension ? { ...place, extension: access.extension } : { ...place };
  if (answer) return { ...reading, answer };
  if (access && !access.loaded) {
    const libraries = place.role === 'standalone' ? 'pg_stat_statements' : 'citus, pg_stat_statements';
    return {
      ...reading,
      problem: {
        text: 'pg_stat_statements is not loaded: nothing is counted.',
        remedy: `shared_preload_libraries = '${libraries}' in postgresql.conf, then a restart${access.extension ? '' : `; then ${create}`}`,
      },
    };
  }
  if (access && !access.extension)
    return { ...reading, problem: { text: 'The extension is not created in this database.', remedy: create } };
  return { ...reading, problem: { text: failure ?? 'There was no answer.' } };
}

interface Answers {
  get(name: string): QueryResult | undefined;
  failures: ReadonlyMap<string, string>;
}

/**
 * Runs the statements in one transaction; when one fails, what comes after it runs in another. Rejects when the session is
 * cancelled or lost.
 */
async function ask(
  session: Session,
  statements: Record<string, Statement | false>,
  signal: AbortSignal | undefined,
): Promise<Answers> {
  const results = new Map<string, QueryResult>();
  const failures = new Map<string, string>();
  const { prepare, ...others } = statements;
  let open = Object.entries(others).filter((entry): entry is [string, Statement] => entry[1] !== false);
  while (open.length > 0) {
    const outcome = await session.transaction([prepare as Statement, ...open.map(([, statement]) => statement)], {
      signal,
    });
    outcome.results.slice(1).forEach((result, i) => {
      results.set(open[i]![0], result);
    });
    if (!outcome.failure) break;
    const { index, error } = outcome.failure;
    if (index < 1 || !session.usable || error.reason === 'cancelled') throw error;
    failures.set(open[index - 1]![0], describe(error));
    open = open.slice(index);
  }
  return { get: name => results.get(name), failures };
}

function describe(error: ClusterError): string {
  return error.sqlstate === undefined ? error.message : `${error.message} (${error.sqlstate})`;
}
