/** What the servers are built of (number 3), for how long it is looked after (1), and whether they are copies (8). */
import * as z from 'zod/mini';
import { eachSide, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, defineCheck } from '../check';
import { conclude } from '../conclude';
import { coordinatorOf, valueOn } from '../nodes';

const builtSchema = z.strictObject({
  /** As version() says: `PostgreSQL 15.18 on x86_64-pc-linux-gnu, compiled by gcc …, 64-bit`. */
  version: z.string(),
  /** Settings of the build, as block_size. */
  presets: z.array(z.tuple([z.string(), z.string()])),
  icu: z.boolean(),
  /** Methods that it can compress rows with, and WAL. */
  toast: z.nullable(z.array(z.string())),
  /** A column or the default of the server compresses with LZ4. */
  usesLz4: z.boolean(),
  systemIdentifier: z.string(),
  /** ISO 8601, UTC. */
  startedAt: z.string(),
  port: z.nullable(z.string()),
  /** Of its clock, `YYYY-MM-DD`. */
  today: z.string(),
});
type Built = z.infer<typeof builtSchema>;

const builtQuery: CheckQuery<Built> = {
  name: 'built',
  nodes: 'every',
  sql: ({ versionNum }) => `SELECT json_build_object('version', version(),
  'presets', (SELECT json_agg(json_build_array(name, setting) ORDER BY name) FROM pg_settings WHERE name IN
     ('block_size', 'debug_assertions', 'integer_datetimes', 'max_function_args', 'max_identifier_length', 'max_index_keys',
      'segment_size', 'ssl_library', 'wal_block_size', 'wal_segment_size')),
  'icu', EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i'),
  'toast', (SELECT to_json(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'),
  'usesLz4', ${
    versionNum >= 140_000
      ? `current_setting('default_toast_compression') = 'lz4' OR EXISTS (SELECT FROM pg_attribute WHERE attcompression = 'l')`
      : 'false'
  },
  'systemIdentifier', (SELECT system_identifier::text FROM pg_control_system()),
  'startedAt', to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  'port', (SELECT setting FROM pg_settings WHERE name = 'port'),
  'today', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD'))`,
  answer: builtSchema,
};

const harmlessPresets = new Set(['ssl_library', 'segment_size', 'wal_block_size', 'wal_segment_size']);

/** What of a build is told apart, by its name. */
function partsOf({ version, presets, icu, toast }: Built): Map<string, string> {
  const platform = / on (\S+?), compiled by/.exec(version)?.[1] ?? 'unknown';
  return new Map([
    ['architecture', platform.split('-')[0]!],
    ['C library', /musl/.test(platform) ? 'musl' : 'other than musl'],
    ['platform', platform],
    ['compiler', /compiled by (.*?)(?:, \d+-bit)?$/.exec(version)?.[1] ?? 'unknown'],
    ['ICU', icu ? 'built in' : 'not built in'],
    ['compression of rows', toast?.join(', ') ?? 'pglz'],
    ...presets,
  ]);
}

/** It changes what data means, or what the target can hold; anything else is carried over by a logical copy. */
function bites(what: string, target: string, usesLz4: boolean): boolean {
  switch (what) {
    case 'C library':
      return true;
    case 'ICU':
      return target === 'not built in';
    case 'compression of rows':
      return usesLz4 && !target.includes('lz4');
    case 'ssl_library':
      return target === '';
    case 'debug_assertions':
      return target === 'on';
    case 'architecture':
    case 'platform':
    case 'compiler':
      return false;
    default:
      return !harmlessPresets.has(what);
  }
}

const binaries = defineCheck({
  id: 'versions.binaries',
  group: 'versions',
  title: 'Platform and build',
  question: 'Are all nodes built for one platform, with one C library, one page size, ICU and the same compression?',
  why: 'musl sorts and folds text other than glibc and tells no version; a page size or a missing ICU or LZ4 stops a copy; assertions slow everything.',
  reference: 'PostgreSQL documentation, "Preset Options", "Collation Support" and "Installation: configure Options"',
  severity: 'high',
  sides,
  queries: { built: builtQuery },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.built), target: answered(target.answers.built) };
    const differences: CheckDifference[] = [];
    const remarks: string[] = [];
    const [from, to] = [coordinatorOf(nodes.source), coordinatorOf(nodes.target)];
    if (from && to) {
      for (const { what, a, b } of unlike(from.answer, to.answer)) {
        // A newer version may know more, and call it otherwise.
        if (bites(what, b, from.answer.usesLz4)) differences.push({ what, source: a || 'none', target: b || 'none' });
        else if (what !== 'compiler') remarks.push(`${what}: source ${a || 'none'}, target ${b || 'none'}`);
      }
    }
    for (const side of sides) {
      const own = coordinatorOf(nodes[side]);
      for (const found of nodes[side])
        for (const { what, a, b } of own ? unlike(own.answer, found.answer) : [])
          if (bites(what, b, own!.answer.usesLz4) || what === 'architecture')
            differences.push({
              what: `${what} other than the coordinator's ${a}`,
              node: found.node,
              ...valueOn(side, b),
            });
    }
    return conclude({
      differences,
      remarks,
      unknown: unanswered(source.answers.built, target.answers.built),
      pass: to
        ? `the target is built for ${partsOf(to.answer).get('platform')}, as all that must be alike of the source`
        : '–',
    });
  },
});

function unlike(source: Built, target: Built): { what: string; a: string; b: string }[] {
  const there = partsOf(target);
  return [...partsOf(source)].flatMap(([what, a]) => {
    const b = there.get(what);
    return b === undefined || a === b ? [] : [{ what, a, b }];
  });
}

/** End of support and last minor release of each major one, as known in November 2026; 18.5 was passed over. */
const releases: ReadonlyMap<number, { end: string; minor: number }> = new Map([
  [12, { end: '2024-11-21', minor: 22 }],
  [13, { end: '2025-11-13', minor: 23 }],
  [14, { end: '2026-11-12', minor: 25 }],
  [15, { end: '2027-11-11', minor: 20 }],
  [16, { end: '2028-11-09', minor: 16 }],
  [17, { end: '2029-11-08', minor: 12 }],
  [18, { end: '2030-11-14', minor: 7 }],
]);
/** Minor releases come each quarter: this far behind is a year. */
const tolerableGap = 4;

const support = defineCheck({
  id: 'versions.support',
  group: 'versions',
  title: 'Patches and end of support',
  question: 'Is the target on a major version that is still looked after, and less than a year behind its patches?',
  why: 'Minor versions repair data corruption and security holes; a version out of support gets neither, and the next move is due at once.',
  reference: 'PostgreSQL project, "Versioning Policy"; minor versions as known in November 2026',
  severity: 'medium',
  sides,
  queries: { built: builtQuery },
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remarks: string[] = [];
    for (const [side, { answers }] of eachSide({ source, target }))
      for (const found of answered(answers.built)) {
        const gap = supportGap(found);
        if (!gap) continue;
        if (side === 'target' && gap.bites) differences.push({ what: gap.what, node: found.node, target: gap.value });
        else remarks.push(`${found.node} (${side}): ${gap.what}: ${gap.value}`);
      }
    return conclude({
      differences,
      remarks,
      unknown: unanswered(source.answers.built, target.answers.built),
      pass: 'every node of the target is supported and not a year behind',
    });
  },
});

function supportGap({
  versionNum,
  answer,
}: Answered<Built>): { what: string; value: string; bites: boolean } | undefined {
  const [major, minor] = [Math.floor(versionNum / 10_000), versionNum % 10_000];
  const release = releases.get(major);
  if (!release) return undefined;
  if (answer.today > release.end)
    return { what: 'major version out of support', value: `${major}.${minor}, since ${release.end}`, bites: true };
  const behind = release.minor - minor;
  if (behind <= 0) return undefined;
  return {
    what: 'minor versions behind',
    value: `${major}.${minor}, ${behind} before ${major}.${release.minor}`,
    bites: behind > tolerableGap,
  };
}

const identity = defineCheck({
  id: 'versions.identity',
  group: 'versions',
  title: 'Identity of the clusters',
  question: 'Are source and target two servers, and is one a physical copy of the other?',
  why: 'A migration between a server and itself proves nothing. A physical copy brings index files along, sorted by the C library of the source.',
  reference: 'PostgreSQL documentation, "pg_control_system"; wal-g/wal-g#724',
  severity: 'critical',
  sides,
  queries: { built: builtQuery },
  judge({ source, target }) {
    const [from, to] = [answered(source.answers.built), answered(target.answers.built)];
    const differences: CheckDifference[] = [];
    const remarks: string[] = [];
    for (const { node, answer } of to) {
      const same = from.find(other => isSameServer(other.answer, answer));
      if (same) differences.push({ what: 'the same server is on both sides', source: same.node, target: node });
      else if (from.some(other => other.answer.systemIdentifier === answer.systemIdentifier))
        remarks.push(
          `${node} is a physical copy of the source (system identifier ${answer.systemIdentifier}): locale.collations says whether its indexes can be trusted`,
        );
    }
    return conclude({
      differences,
      remarks,
      unknown: unanswered(source.answers.built, target.answers.built),
      pass: 'source and target are different servers',
    });
  },
});

/** Servers of one template have its identifier in common, never the moment of their start. */
function isSameServer(a: Built, b: Built): boolean {
  return a.systemIdentifier === b.systemIdentifier && a.startedAt === b.startedAt && a.port === b.port;
}

export const binariesChecks: readonly Check[] = [binaries, support, identity];
