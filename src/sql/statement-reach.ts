/**
 * What a statement reaches by way of a catalog: the functions behind its operators, casts, views, row security policies,
 * domains, defaults and aggregates, and what the source of functions mentions. Here it is judged; the rows are read by
 * cluster/statement-reach.ts.
 */
import { effectThoughNotVolatile, isHarmlessOfExtension, volatileEffect } from './volatile-functions';

export interface ReachedObject {
  kind: 'function' | 'operator' | 'relation' | 'type';
  oid: string;
  /** Qualified and quoted, for people. */
  label: string;
  name: string;
  /** `postgres`, an extension's name, or null for what users made. */
  origin: string | null;
  /** Of a function. */
  volatility?: 'immutable' | 'stable' | 'volatile';
  language?: string;
  /** Its source puts SQL together while it runs. */
  dynamic?: boolean;
  /** Of a relation: pg_class.relkind. */
  relkind?: string;
}

export interface Reach {
  /** By kind and oid. */
  objects: ReadonlyMap<string, ReachedObject>;
  /** Whose name of the statement it is (its index), or -1: reached by every statement, as an implicit cast is. */
  edges: readonly { root: number; to: string; via: string | null }[];
}

export interface ReachRefusal {
  reason: string;
  /** Which name of the statement leads there; -1: none in particular. */
  root: number;
  next?: string;
}

/** Languages whose functions PostgreSQL keeps from writing when they say that they do not, and whose source can be read. */
const readableLanguages: ReadonlySet<string> = new Set(['internal', 'c', 'sql', 'plpgsql']);

/**
 * The first thing within reach that may act, with the way to it; undefined when all is known to be harmless.
 *
 * What a read-only transaction leaves open is why: a function that says it is stable may call one that is not, and Citus 11.1
 * runs that on a worker in a transaction that is not read-only (13.2 does; both seen). What remains: functions in C and those
 * of extensions are taken at their word, a function may be another one on a worker, and objects may change between this
 * look and the run.
 */
export function refuseReach(reach: Reach): ReachRefusal | undefined {
  for (const { root, to, via } of reach.edges) {
    const object = reach.objects.get(to);
    const why = object && dangerOf(object);
    if (why === undefined) continue;
    const chain = via === null ? [] : chainTo(reach, root, via);
    const way = [...chain, object!].map(wordsFor).join(' reaches ');
    const comma = chain.length > 0 ? ', which' : '';
    return { root, reason: `${way}${comma} ${why.what}.`, ...(why.next !== undefined && { next: why.next }) };
  }
  return undefined;
}

interface Danger {
  what: string;
  next?: string;
}

function dangerOf(object: ReachedObject): Danger | undefined {
  if (object.kind === 'relation' && object.relkind === 'f')
    return { what: 'is a foreign table: what reading it does elsewhere cannot be seen' };
  if (object.kind !== 'function') return undefined;
  const { name, origin, volatility, label } = object;
  // By whose function it is: a user's may have the name of one of PostgreSQL's.
  const known = origin === 'postgres' || origin === 'citus';
  if (volatility === 'volatile') {
    if (origin !== null && isHarmlessOfExtension(origin, name)) return undefined;
    const effect = volatileEffect(known ? 'pg_catalog' : '', name);
    if (effect === 'harmless') return undefined;
    if (typeof effect === 'object' && origin !== null) return { what: effect.effect };
    const next = `If it only reads, say so: ALTER FUNCTION ${label}(…) STABLE.`;
    return { what: 'is volatile and may write', ...(origin === null && { next }) };
  }
  if (origin !== null) {
    const effect = effectThoughNotVolatile(name);
    return effect === undefined ? undefined : { what: effect };
  }
  if (!readableLanguages.has(object.language!))
    return { what: `is written in ${object.language}, which Cutover cannot read` };
  return object.dynamic ? { what: 'puts SQL together while it runs, so that nobody can tell what it does' } : undefined;
}

/** From the statement's name to the object. */
function chainTo(reach: Reach, root: number, key: string): ReachedObject[] {
  const before = new Map<string, string | null>();
  for (const edge of reach.edges) if (edge.root === root && !before.has(edge.to)) before.set(edge.to, edge.via);
  const chain: ReachedObject[] = [];
  const seen = new Set<string>();
  for (let at: string | null | undefined = key; at && !seen.has(at); at = before.get(at)) {
    seen.add(at);
    const object = reach.objects.get(at);
    if (object) chain.unshift(object);
  }
  return chain;
}

function wordsFor({ kind, label, relkind }: ReachedObject): string {
  if (kind === 'relation') return `${relkind === 'v' ? 'the view' : 'the table'} ${label}`;
  return `the ${kind} ${label}`;
}
