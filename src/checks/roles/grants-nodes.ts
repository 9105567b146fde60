/** The grants of each node by name: of a coordinator all, of a worker those that it should have as its coordinator has. */
import { type BySide, sides } from '../../shared/side';
import type { Answered } from '../answers';
import { type NamedNode, namedNode } from '../compare-named';
import { coordinatorOf } from '../nodes';
import { serviceRole } from '../services';
import type { Grant, Grants } from './grants-sql';

/** What PUBLIC has where nobody granted or revoked anything (PostgreSQL documentation, "Privileges"). */
export const publicDefaults: Readonly<Record<string, readonly string[]>> = {
  database: ['CONNECT', 'TEMPORARY'],
  routine: ['EXECUTE'],
  type: ['USAGE'],
  language: ['USAGE'],
};

/** @param before17 a server of before 17 is among them */
export function grantsOfNodes(
  found: BySide<readonly Answered<Grants>[]>,
  before17: boolean,
): BySide<NamedNode<Grant>[]> {
  const read = {
    source: found.source.map(node => readGrants(node, before17)),
    target: found.target.map(node => readGrants(node, before17)),
  };
  const onSource = alike(read.source.filter(({ role }) => role === 'worker'));
  const [source, target] = sides.map(side => {
    const own = coordinatorOf(read[side]);
    const expected = side === 'target' ? onSource : new Map<string, string>();
    return read[side].map(node => (own && node !== own ? asExpected(own, node, expected) : node));
  });
  return { source: source!, target: target! };
}

/** What all of these nodes have, by key. */
function alike(nodes: readonly NamedNode<Grant>[]): ReadonlyMap<string, string> {
  const [first, ...others] = nodes;
  return new Map(
    [...(first?.answer ?? [])].flatMap(([key, { value }]) =>
      others.every(({ answer }) => answer.get(key)?.value === value) ? [[key, value] as const] : [],
    ),
  );
}

/**
 * A worker's own word where Citus keeps the object on every node, or where the source's workers have what its coordinator
 * has; else the coordinator's word, as Citus sends no more.
 */
function asExpected(
  own: NamedNode<Grant>,
  worker: NamedNode<Grant>,
  expected: ReadonlyMap<string, string>,
): NamedNode<Grant> {
  const answer = new Map([...worker.answer].filter(([key, { item }]) => item.kept && !own.answer.has(key)));
  for (const [key, entry] of own.answer) {
    const here = worker.answer.get(key);
    const isExpected = entry.item.kept || here?.item.kept || expected.get(key) === entry.value;
    if (!isExpected || (!here && mayAsPublic(entry.item, worker))) answer.set(key, entry);
    else if (here) answer.set(key, here);
  }
  return { ...worker, answer };
}

/** Functions that default privileges have granted on the coordinator only: PUBLIC may on the worker. */
function mayAsPublic(grant: Grant, { answer }: NamedNode<Grant>): boolean {
  if (grant.grantee === null || grant.grantable.length > 0) return false;
  const ofPublic = answer.get(keyOf({ ...grant, grantee: null }))?.item.privileges ?? publicDefaults[grant.kind] ?? [];
  return grant.privileges.every(privilege => ofPublic.includes(privilege));
}

function readGrants(found: Answered<Grants>, before17: boolean): NamedNode<Grant> {
  const keep = (privileges: readonly string[]) =>
    before17 ? privileges.filter(privilege => privilege !== 'MAINTAIN') : [...privileges];
  const entries = found.answer.grants
    .map(grant => ({ ...grant, privileges: keep(grant.privileges), grantable: keep(grant.grantable) }))
    .filter(grant => !isDefault(grant) && !(grant.grantee !== null && serviceRole.test(grant.grantee)));
  return namedNode(
    found,
    entries.map(item => ({
      key: keyOf(item),
      what: `to ${item.grantee ?? 'PUBLIC'} on ${objectWords(item)}`,
      value: privilegeWords(item),
      item,
    })),
  );
}

function isDefault({ kind, grantee, privileges }: Grant): boolean {
  return grantee === null && privileges.join() === (publicDefaults[kind] ?? []).join() && kind !== 'default';
}

/** The database may be called otherwise on the other side. */
function keyOf({ kind, schema, name, part, grantee }: Grant): string {
  return JSON.stringify([kind, schema, kind === 'database' ? '' : name, part, grantee]);
}

function objectWords({ kind, schema, name, part }: Grant): string {
  const path = [schema, name].filter(Boolean).join('.');
  switch (kind) {
    case 'database':
      return 'the database';
    case 'column':
      return `column ${path}.${part}`;
    case 'routine':
      return `routine ${path}(${part})`;
    case 'default':
      return `new ${part.toLowerCase()} of ${name}${schema ? ` in ${schema}` : ''}`;
    default:
      return `${kind} ${path}`;
  }
}

function privilegeWords({ privileges, grantable }: Grant): string {
  return (
    privileges.map(name => `${name}${grantable.includes(name) ? ' WITH GRANT OPTION' : ''}`).join(', ') || 'nothing'
  );
}
