/** What stands under a name on each node, as a role or a grant: compared between the sides, and between the nodes of one. */
import { type BySide, type Side, sides } from '../shared/side';
import type { Answered } from './answers';
import type { CheckDifference, CheckRemedyStep, CheckUnknown } from './check';
import { coordinatorOf, joinSteps, valueOn } from './nodes';

/** One of them: under its key on every node. */
export interface Named<Item> {
  key: string;
  /** As it is called in a finding. */
  what: string;
  /** What is compared; never empty. */
  value: string;
  item: Item;
}

/** A node with what it has, by key. */
export type NamedNode<Item> = Answered<ReadonlyMap<string, Named<Item>>>;

export interface NamedRules<Item> {
  /** What stands for the value of one that is not there. */
  absent(entry: Named<Item>): string;
  /** A difference between the sides that bites nobody; a text says why. */
  isHarmless?(source: Named<Item> | undefined, target: Named<Item> | undefined): boolean | string;
  /** From what the node has to what it should; none where no SQL does. */
  remedy(
    place: { side: Side; node: NamedNode<Item> },
    wanted: Named<Item> | undefined,
    now: Named<Item> | undefined,
  ): CheckRemedyStep | undefined;
}

export interface NamedFindings {
  differences: CheckDifference[];
  remedies: CheckRemedyStep[];
  remarks: string[];
}

export function namedNode<Answer, Item>(found: Answered<Answer>, entries: readonly Named<Item>[]): NamedNode<Item> {
  return { ...found, answer: new Map(entries.map(entry => [entry.key, entry])) };
}

export function compareNamed<Item>(
  nodes: BySide<readonly NamedNode<Item>[]>,
  { absent, isHarmless, remedy }: NamedRules<Item>,
): NamedFindings {
  const differences: CheckDifference[] = [];
  const remarks: string[] = [];
  const steps: (CheckRemedyStep | undefined)[] = [];
  const [from, to] = [coordinatorOf(nodes.source), coordinatorOf(nodes.target)];
  const harmless = new Set<string>();
  for (const [entry, a, b] of from && to ? differing(from, to) : []) {
    const why = isHarmless?.(a, b);
    const [source, target] = [a, b].map(each => each?.value ?? absent(entry)) as [string, string];
    if (why) {
      harmless.add(entry.key);
      remarks.push(`${entry.what}: source ${source}, target ${target}${typeof why === 'string' ? `; ${why}` : ''}`);
    } else differences.push({ what: entry.what, source, target });
  }
  for (const side of sides) {
    const own = coordinatorOf(nodes[side]);
    // What the nodes of the target should have is the source's word, where it is known.
    const wanted = (side === 'target' ? from : undefined) ?? own;
    for (const node of nodes[side]) {
      if (own && node !== own)
        for (const [entry, here, there] of differing(own, node))
          differences.push({
            what: `${entry.what} other than on the coordinator (${here?.value ?? absent(entry)})`,
            node: node.node,
            ...valueOn(side, there?.value ?? absent(entry)),
          });
      for (const [entry, want, now] of wanted && wanted !== node ? differing(wanted, node) : []) {
        // What the coordinator gets reaches the workers that are as it is now.
        const follows = own && node !== own && own.answer.get(entry.key)?.value === now?.value;
        if (!follows && !harmless.has(entry.key)) steps.push(remedy({ side, node }, want, now));
      }
    }
  }
  return { differences, remarks, remedies: joinSteps(steps.filter(step => step !== undefined)) };
}

/** Those that the two do not have alike, each once, with what either has. */
function differing<Item>(
  a: NamedNode<Item>,
  b: NamedNode<Item>,
): [entry: Named<Item>, a: Named<Item> | undefined, b: Named<Item> | undefined][] {
  const all = new Map([...b.answer, ...a.answer]);
  return [...all].flatMap(([key, entry]) => {
    const [one, other] = [a.answer.get(key), b.answer.get(key)];
    return one?.value === other?.value ? [] : [[entry, one, other] as const];
  }) as ReturnType<typeof differing<Item>>;
}

/** What an answer says of those beyond its limit. */
export interface BeyondLimit {
  more: number;
  /** Digest of them; null when there are none. */
  rest: string | null;
}

/** Beyond the limit it is only told whether both sides have the same. */
export function beyondLimit(found: BySide<readonly Answered<BeyondLimit>[]>, what: string): CheckUnknown[] {
  const own = (coordinatorOf(found.source) ?? coordinatorOf(found.target))?.answer;
  return [...found.source, ...found.target].flatMap(({ node, answer }) =>
    own && (own.more !== answer.more || own.rest !== answer.rest)
      ? [
          {
            what: `${answer.more} more ${what} are not compared one by one, and are not the same as on the other nodes`,
            node,
          },
        ]
      : [],
  );
}
