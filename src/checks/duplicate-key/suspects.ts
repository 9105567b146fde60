import type { SuspectIndex } from '../../shared/duplicate-key';
import type { Answered } from '../answers';
import type { NodeReading } from '../check';
import type { OrderedIndex, OrderedIndexes } from './indexes-sql';
import type { FoundIndex } from './script';

/** The indexes of all nodes, in the order in which they are looked at. */
export function findIndexes(nodes: readonly NodeReading[], answers: readonly Answered<OrderedIndexes>[]): FoundIndex[] {
  const found = answers.flatMap(({ node, role, answer }) =>
    answer.indexes.map(
      (index): FoundIndex => ({
        index,
        role,
        citus: nodes.find(each => each.node === node)?.server?.citus ?? false,
        suspect: suspectOf(node, index),
      }),
    ),
  );
  const rank = ({ index: { named, collations, unique } }: FoundIndex) =>
    (named ? 0 : 4) + (collations.some(({ stale }) => stale) ? 0 : 2) + (unique ? 0 : 1);
  return found.sort((a, b) => rank(a) - rank(b) || (b.index.bytes ?? 0) - (a.index.bytes ?? 0));
}

function suspectOf(node: string, index: OrderedIndex): SuspectIndex {
  const { schema, table, method, unique, bytes, collations, named } = index;
  return {
    node,
    schema,
    table,
    index: index.index,
    method,
    unique,
    bytes,
    collations: collations.map(
      ({ schema: of, name, recorded, actual, stale }) =>
        `${of}.${name} (${stale ? `recorded ${recorded ?? 'none'}, actual ${actual}` : (actual ?? 'no version')})`,
    ),
    why: named ? 'named' : collations.some(({ stale }) => stale) ? 'stale' : 'dependent',
    state: 'unchecked',
  };
}
