/** What a coordinator has and its workers have not, or have otherwise: numbers 43, 46 and 47 of the list, node by node. */
import { formatCount } from '../../shared/format';
import { eachSide, type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckRemedyStep, defineCheck, type SideAnswers } from '../check';
import { conclude } from '../conclude';
import { literal } from '../literal';
import { coordinatorOf, joinSteps, valueOn, withoutPropagation } from '../nodes';
import { metadataSync } from '../topology/metadata';
import { viewsQuery } from './code';
import { collationsQuery } from './collations';
import { rowOf } from './compare';
import { schemasQuery, typesQuery } from './types';
import { type NodeObjects, nodeObjects } from './workers-sql';

const queries = {
  present: nodeObjects,
  schemas: schemasQuery,
  types: typesQuery,
  collations: collationsQuery,
  views: viewsQuery,
};
type Answers = SideAnswers<typeof queries>;

/** Names of a remark. */
const maxNames = 10;

const workers = defineCheck({
  id: 'objects.workers',
  group: 'objects',
  title: 'Schemas, types, collations, routines and views on workers',
  question:
    'Has every worker the schemas, types, collations, routines and views that Citus keeps on all nodes, defined as on its coordinator, and those that the workers of the source have?',
  why: 'A statement on a distributed table runs on the workers: there a function is missing, or answers otherwise, for some rows only. Citus sends to the workers what is made through it and depends on no local table.',
  reference: 'Citus documentation, "create_distributed_function", "start_metadata_sync_to_node" and "pg_dist_object"',
  severity: 'high',
  sides,
  queries,
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    const onSource = onEveryWorker(answered(source.answers.present));
    for (const [side, answers] of eachSide({ source, target })) {
      const found = answered(answers.answers.present);
      const own = coordinatorOf(found);
      const alone = new Set<string>();
      const stray = new Set<string>();
      for (const worker of own ? found.filter(({ role }) => role === 'worker') : []) {
        const { bad, local, extra } = compareWorker(own!, worker, side === 'target' ? onSource : undefined);
        for (const { name, words, kept, routine } of bad) {
          differences.push({ what: name, node: worker.node, ...valueOn(side, words) });
          const step = kept
            ? metadataSync(side, own!.node, worker.node)
            : makeStep(side, answers, { name, routine, coordinator: own!.node, worker: worker.node });
          if (step) remedies.push(step);
        }
        for (const name of local) alone.add(name);
        for (const name of extra) stray.add(name);
      }
      if (alone.size > 0) remarks.push(`${side}: on the coordinator alone: ${listed(alone)}`);
      if (stray.size > 0) remarks.push(`${side}: on workers alone: ${listed(stray)}`);
    }
    const found = [source, target].flatMap(({ answers }) => answered(answers.present));
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      remarks,
      unknown: [
        ...unanswered(source.answers.present, target.answers.present),
        ...found.flatMap(({ node, answer }) =>
          answer.more > 0
            ? [
                {
                  what: `${formatCount(answer.more)} more schemas, types, collations, routines and views were not compared`,
                  node,
                },
              ]
            : [],
        ),
      ],
      pass: found.some(({ role }) => role === 'worker')
        ? `${found.filter(({ role }) => role === 'worker').length} workers have what Citus keeps on every node`
        : 'neither side has workers',
    });
  },
});

interface BadObject {
  name: string;
  words: string;
  /** Citus keeps it on every node. */
  kept: boolean;
  routine: string | null;
}

/** A node that has more than it lists says nothing of names behind the last. */
function isListed({ objects, more }: NodeObjects, name: string): boolean {
  return more === 0 || name <= objects.at(-1)![0];
}

/** @param expected what every worker of the other side has; of the rest only what Citus keeps is a fault */
function compareWorker(
  { answer: own, versionNum: ownVersion }: Answered<NodeObjects>,
  { answer, versionNum }: Answered<NodeObjects>,
  expected: ReadonlySet<string> | undefined,
): { bad: BadObject[]; local: string[]; extra: string[] } {
  const there = new Map(answer.objects.map(([name, digest]) => [name, digest]));
  const bad: BadObject[] = [];
  const local: string[] = [];
  // Another major version may write the same view otherwise.
  const comparable = Math.floor(ownVersion / 10_000) === Math.floor(versionNum / 10_000);
  for (const [name, digest, kept, routine] of own.objects) {
    const other = there.get(name);
    there.delete(name);
    if (other === undefined) {
      if (!isListed(answer, name)) continue;
      if (kept) bad.push({ name, words: 'missing, Citus keeps it on every node', kept, routine });
      else if (expected?.has(name))
        bad.push({ name, words: 'missing, every worker of the source has it', kept, routine });
      else local.push(name);
    } else if (other !== digest && comparable) {
      bad.push({ name, words: 'other than on the coordinator', kept, routine });
    }
  }
  bad.sort((a, b) => rankOf(a.name) - rankOf(b.name));
  return { bad, local, extra: [...there.keys()].filter(name => isListed(own, name)) };
}

/** What others need is made first; Citus looks itself for what a routine needs. */
const kinds = ['schema', 'collation', 'type', 'view'];
function rankOf(name: string): number {
  const rank = kinds.indexOf(name.slice(0, name.indexOf(' ')));
  return rank < 0 ? kinds.length : rank;
}

function onEveryWorker(found: readonly Answered<NodeObjects>[]): ReadonlySet<string> | undefined {
  const [first, ...others] = found
    .filter(({ role }) => role === 'worker')
    .map(({ answer }) => new Set(answer.objects.map(([name]) => name)));
  return first && new Set([...first].filter(name => others.every(each => each.has(name))));
}

/** Of what Citus does not keep: a routine it can be told to; all else is made on the worker itself. */
function makeStep(
  side: Side,
  { answers }: Answers,
  { name, routine, coordinator, worker }: { name: string; routine: string | null; coordinator: string; worker: string },
): CheckRemedyStep | undefined {
  const verify = 'Run this check again.';
  if (routine !== null)
    return {
      side,
      nodes: [coordinator],
      sql: `SELECT create_distributed_function(${literal(routine)});`,
      lock: 'DDL of the function, for a moment; from then on Citus keeps it on every node',
      rollback: 'Nothing needs to be taken back.',
      verify,
    };
  const [, kind, bare] = /^(schema|type|collation|view) (.*)$/s.exec(name) ?? [];
  const listed =
    { schema: answers.schemas, type: answers.types, collation: answers.collations }[kind ?? ''] ?? answers.views;
  const wanted = kind === 'view' ? name : bare;
  const row = coordinatorOf(answered(listed))?.answer.objects.find(([each]) => each === wanted);
  const { created, dropped } = row ? rowOf(row) : { created: null, dropped: null };
  if (created === null || dropped === null) return undefined;
  return {
    side,
    nodes: [worker],
    sql: withoutPropagation + created,
    lock: 'none',
    rollback: withoutPropagation + dropped,
    verify,
  };
}

function listed(names: ReadonlySet<string>): string {
  const more = names.size - maxNames;
  return `${[...names].slice(0, maxNames).join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`;
}

export const objectWorkersChecks: readonly Check[] = [workers];
