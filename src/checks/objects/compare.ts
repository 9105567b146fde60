/** Objects of both sides, by name: what is missing, and what is defined otherwise. */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { formatCount } from '../../shared/format';
import { sides } from '../../shared/side';
import { answered, unanswered } from '../answers';
import {
  type Check,
  type CheckDifference,
  type CheckQuery,
  type CheckRemedyStep,
  type CheckWords,
  defineCheck,
  type ServerFacts,
} from '../check';
import { conclude } from '../conclude';
import { coordinatorOf } from '../nodes';
import { objectCreations } from './create';

/** Of one kind; the rest is counted. */
const maxObjects = 20_000;
/** Of one definition. */
const maxDefinition = 2_000;
/** Definitions travel while they add up to no more than this; beyond, only their digests do. SQL likewise. Characters. */
const maxText = 2_000_000;

/** Lines of a definition that are shown. */
const maxLines = 4;
const maxLineLength = 160;

const text = z.nullable(z.string());
const objectsSchema = z.strictObject({
  /** Name, digest of the definition, the definition; not compared: note, SQL that makes it, SQL that drops it, and its place. */
  objects: z.array(z.tuple([z.string(), z.string(), text, text, text, text, z.number()])),
  more: z.number(),
  /** What the role may not see, and the privilege that it lacks, as GRANT words it; null where none helps. */
  hidden: z.array(z.tuple([z.string(), text])),
});
export type Objects = z.infer<typeof objectsSchema>;

export interface ObjectRow {
  name: string;
  digest: string;
  /** Its properties, a line each; null where there is too much of it to travel. */
  definition: string | null;
  /** What a remedy is worded by, and no difference. */
  note: string | null;
  /** SQL that makes it, and SQL that drops it; null where PostgreSQL has no function that writes it, or it is too long to travel. */
  created: string | null;
  dropped: string | null;
  /** They are made in this order. */
  place: number;
}

/** One that is on both sides, with another definition; or is missing on the target. */
export interface ObjectChange {
  name: string;
  source: ObjectRow;
  target?: ObjectRow | undefined;
  /** Lines of the source's definition that the target's has not, and the other way round. */
  lost: string[];
  added: string[];
}

export type ObjectRemedy = Omit<CheckRemedyStep, 'side' | 'nodes'>;

export interface ObjectKind {
  /** Singular, as in `index public.t: …`; empty where the names say it themselves. */
  noun: string;
  plural: string;
  /**
   * SELECT of `name`, `definition` and `note` (text each), as the coordinator is asked; a definition has a property on each line.
   * With {@link creates} of three more. Undefined: that server has no such objects.
   */
  rows(server: ServerFacts): string | undefined;
  /** SELECT of `what` and `privilege` (text each): what the role may not see, and what it lacks, as `SELECT ON a.b`. */
  hidden?: string;
  /** Of one that is not as on the source; of a missing one it comes before {@link creates}. */
  remedy?(change: ObjectChange): ObjectRemedy | undefined;
  /**
   * The rows have SQL, `created` and `dropped`, and `place` (bigint), in the order of which it runs. `lock`: what others wait for
   * while it does; nothing unless told.
   */
  creates?: { lock?: string };
  /** What to do about the missing ones that no SQL makes, in one step. */
  byHand?(missing: readonly ObjectChange[]): ObjectRemedy;
  /** Why this change is no fault; undefined when it is one. */
  harmless?(change: ObjectChange): string | undefined;
  /** The server writes definitions back, and not every major version alike. */
  deparsed?: true;
  /** What is not listed has none of these properties, and is no missing object. */
  sparse?: boolean;
}

/** A check that compares one kind of object. */
export function defineObjectCheck(
  words: Omit<CheckWords, 'group' | 'sides'>,
  kind: ObjectKind,
  objects = objectQuery(words.id, kind),
): Check {
  const { noun, plural, harmless, deparsed, sparse = false } = kind;
  return defineCheck({
    ...words,
    group: 'objects',
    sides,
    queries: { objects },
    judge({ source, target }) {
      const from = coordinatorOf(answered(source.answers.objects));
      const to = coordinatorOf(answered(target.answers.objects));
      const unknown = unanswered(source.answers.objects, target.answers.objects);
      const differences: CheckDifference[] = [];
      const remedies: CheckRemedyStep[] = [];
      const remarks: string[] = [];
      if (!from || !to) return conclude({ unknown, remarks, pass: `one side has no ${plural}` });
      const bad: ObjectChange[] = [];
      const [major, otherMajor] = [from, to].map(({ versionNum }) => Math.floor(versionNum / 10_000));
      for (const change of changesBetween(from.answer, to.answer, sparse)) {
        const what = `${noun}${noun === '' ? '' : ' '}${change.name}`;
        const reason = harmless?.(change);
        if (reason !== undefined) remarks.push(`${what}: ${reason}`);
        else if (deparsed && change.target && major !== otherMajor)
          unknown.push({
            what: `${what}: its text differs, but PostgreSQL ${major} and ${otherMajor} do not write it alike`,
          });
        else {
          differences.push({ what, ...valuesOf(change) });
          bad.push(change);
        }
      }
      for (const step of objectCreations(kind, bad)) remedies.push({ ...step, side: 'target', nodes: [to.node] });
      const known = new Set(from.answer.objects.map(([name]) => name));
      const added = to.answer.objects.filter(([name]) => !known.has(name) && isListed(from.answer, name));
      if (added.length > 0 && !sparse)
        remarks.push(
          `on the target only: ${added.length > 10 ? `${formatCount(added.length)} ${plural}, ` : ''}${added
            .slice(0, 10)
            .map(([name]) => name)
            .join(', ')}${added.length > 10 ? ' …' : ''}`,
        );
      for (const [{ node, answer }, user] of [
        [from, source.user],
        [to, target.user],
      ] as const) {
        if (answer.more > 0)
          unknown.push({ what: `${formatCount(answer.more)} more ${plural} were not compared`, node });
        for (const [what, privilege] of answer.hidden)
          unknown.push({
            what,
            node,
            ...(privilege !== null && { grant: `GRANT ${privilege} TO ${quoted(user)}` }),
          });
      }
      return conclude({
        differences,
        unknown,
        remedies,
        remarks,
        pass: passWords(from.answer.objects.length, plural),
      });
    },
  });
}

function passWords(count: number, plural: string): string {
  if (count === 0) return `the source has no ${plural}`;
  return `the target has the ${plural} of the source: ${formatCount(count)}`;
}

/** The objects of one kind, on the coordinator. */
export function objectQuery(name: string, kind: ObjectKind): CheckQuery<Objects> {
  return {
    name,
    nodes: 'coordinator',
    sql: server => {
      const found = kind.rows(server);
      return found === undefined ? undefined : objectsOf(found, kind);
    },
    answer: objectsSchema,
  };
}

function objectsOf(rows: string, { sparse, hidden, creates }: ObjectKind): string {
  const columns = `name, definition, note, ${creates ? 'created, dropped, place' : 'NULL::text AS created, NULL::text AS dropped, 0 AS place'}`;
  return `WITH rows AS MATERIALIZED (
  SELECT ${columns} FROM (${rows}) AS r${sparse ? " WHERE definition <> ''" : ''}
), sized AS MATERIALIZED (
  SELECT *, row_number() OVER (ORDER BY name COLLATE "C") AS number, sum(least(length(definition), ${maxDefinition})) OVER () AS total,
         sum(length(created)) OVER (ORDER BY name COLLATE "C") AS length FROM rows
)
SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxObjects}, 0) FROM rows),
  'hidden', ${hidden === undefined ? 'json_build_array()' : `(SELECT coalesce(json_agg(json_build_array(what, privilege)), '[]') FROM (${hidden}) AS h)`}, 'objects', coalesce(json_agg(json_build_array(
    name, md5(definition), CASE WHEN total <= ${maxText} THEN left(definition, ${maxDefinition}) END, note,
    CASE WHEN length <= ${maxText} THEN created END, dropped, place) ORDER BY number), '[]'))
  FROM sized WHERE number <= ${maxObjects}`;
}

/** A side that has more than it lists says nothing of names behind the last. */
function isListed({ objects, more }: Objects, name: string): boolean {
  return more === 0 || name <= objects.at(-1)![0];
}

function changesBetween(source: Objects, target: Objects, sparse: boolean): ObjectChange[] {
  const [here, there] = [source, target].map(
    ({ objects }) => new Map(objects.map((each): [string, ObjectRow] => [each[0], rowOf(each)])),
  ) as [Map<string, ObjectRow>, Map<string, ObjectRow>];
  const names = sparse ? new Set([...here.keys(), ...there.keys()]) : here.keys();
  return [...names].flatMap((name): ObjectChange[] => {
    if (!isListed(source, name) || !isListed(target, name)) return [];
    const own = here.get(name) ?? unset(name, there.get(name)!);
    const other = there.get(name) ?? (sparse ? unset(name, own) : undefined);
    if (!other) return [{ name, source: own, lost: [], added: [] }];
    if (other.digest === own.digest) return [];
    const [ours, theirs] = [own, other].map(({ definition }) => definition?.split('\n') ?? []);
    const lost = ours!.filter(line => !theirs!.includes(line));
    const added = theirs!.filter(line => !ours!.includes(line));
    return [{ name, source: own, target: other, lost, added }];
  });
}

function unset(name: string, { note }: ObjectRow): ObjectRow {
  return { name, digest: 'none', definition: '', note, created: null, dropped: null, place: 0 };
}

export function rowOf([
  name,
  digest,
  definition,
  note,
  created,
  dropped,
  place,
]: Objects['objects'][number]): ObjectRow {
  return { name, digest, definition, note, created, dropped, place };
}

function valuesOf({ source, target, lost, added }: ObjectChange): { source: string; target: string } {
  if (!target) return { source: 'there', target: 'missing' };
  if (lost.length + added.length > 0) return { source: linesOf(lost), target: linesOf(added) };
  return { source: `digest ${source.digest.slice(0, 8)}`, target: `digest ${target.digest.slice(0, 8)}` };
}

function linesOf(lines: string[]): string {
  if (lines.length === 0) return 'nothing of it';
  const shown = lines.slice(0, maxLines).map(line => {
    const trimmed = line.trim();
    return trimmed.length > maxLineLength ? `${trimmed.slice(0, maxLineLength)}…` : trimmed;
  });
  return `${shown.join('; ')}${lines.length > maxLines ? ` (and ${lines.length - maxLines} more)` : ''}`;
}
