import * as z from 'zod/mini';
import { sides } from '../../shared/side';
import { answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckRemedyStep, defineCheck } from '../check';
import { conclude } from '../conclude';
import { coordinatorOf, valueOn, withoutPropagation } from '../nodes';
import { compareVersions, minorSeries } from './compare-versions';

const serverSchema = z.strictObject({ version: z.string() });

const server: CheckQuery<z.infer<typeof serverSchema>> = {
  name: 'server',
  nodes: 'every',
  sql: () => `SELECT json_build_object('version', split_part(current_setting('server_version'), ' ', 1))`,
  answer: serverSchema,
};

const postgresql = defineCheck({
  id: 'versions.postgresql',
  group: 'versions',
  title: 'PostgreSQL versions',
  question: 'Does every node run the same PostgreSQL, and the target none older than the source?',
  why: 'A major version changes plans, defaults and catalogs; an older minor version lacks fixes, some against data corruption.',
  reference: 'PostgreSQL documentation, "Versioning Policy" and "Upgrading a PostgreSQL Cluster"',
  severity: 'high',
  sides,
  queries: { server },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.server), target: answered(target.answers.server) };
    const differences: CheckDifference[] = sides.flatMap(side => {
      const own = coordinatorOf(nodes[side]);
      return nodes[side]
        .filter(({ versionNum }) => own && major(versionNum) !== major(own.versionNum))
        .map(({ node, answer }) => ({
          what: `major version other than the coordinator's ${own!.answer.version}`,
          node,
          ...valueOn(side, answer.version),
        }));
    });
    const remarks = sides.flatMap(side => {
      const versions = [...new Set(nodes[side].map(({ answer }) => answer.version))];
      return versions.length > 1 && differences.length === 0 ? [`${side}: nodes run ${versions.join(' and ')}`] : [];
    });
    const from = coordinatorOf(nodes.source);
    const to = coordinatorOf(nodes.target);
    if (from && to) {
      if (to.versionNum < from.versionNum)
        differences.unshift({ what: 'older on the target', source: from.answer.version, target: to.answer.version });
      else if (major(to.versionNum) > major(from.versionNum))
        remarks.push(
          `the move is a major upgrade, too (${from.answer.version} to ${to.answer.version}): plans and defaults change with it`,
        );
    }
    return conclude({
      differences,
      remarks,
      unknown: unanswered(source.answers.server, target.answers.server),
      pass: sameOrBoth(from?.answer.version, to?.answer.version),
    });
  },
});

function major(versionNum: number): number {
  return Math.floor(versionNum / 10_000);
}

function sameOrBoth(source: string | undefined, target: string | undefined): string {
  return source === target ? `both sides: ${source}` : `source ${source}, target ${target}`;
}

const citusSchema = z.strictObject({
  extension: z.nullable(z.string()),
  library: z.nullable(z.string()),
});
type CitusVersions = z.infer<typeof citusSchema>;

const citusVersions: CheckQuery<CitusVersions> = {
  name: 'citusVersions',
  nodes: 'every',
  sql: ({ citus }) => `SELECT json_build_object(
  'extension', (SELECT extversion FROM pg_extension WHERE extname = 'citus'),
  'library', ${citus ? `substring(citus_version() FROM 'Citus ([0-9.]+)')` : 'NULL'})`,
  answer: citusSchema,
};

const citus = defineCheck({
  id: 'versions.citus',
  group: 'versions',
  title: 'Citus versions',
  question: 'Does every node run the same Citus, with the extension of its library, and the target none older?',
  why: 'Nodes of different versions refuse one another or plan differently; a library without its ALTER EXTENSION refuses distributed statements.',
  reference: 'Citus documentation, "Upgrading Citus"',
  severity: 'high',
  sides,
  queries: { citusVersions },
  judge({ source, target }) {
    const nodes = {
      source: answered(source.answers.citusVersions),
      target: answered(target.answers.citusVersions),
    };
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    for (const side of sides) {
      const own = coordinatorOf(nodes[side]);
      for (const found of nodes[side]) {
        const { node, answer } = found;
        if (lagsBehind(answer)) {
          differences.push({
            what: 'extension of another version than its library',
            node,
            ...valueOn(side, citusWords(answer)),
          });
          remedies.push({
            side,
            nodes: [node],
            sql: `${found.role === 'worker' ? withoutPropagation : ''}ALTER EXTENSION citus UPDATE;`,
            lock: 'catalogs of Citus; distributed statements wait',
            rollback: 'There is none: keep the older library at hand until every node is updated.',
            verify: "SELECT extversion, citus_version() FROM pg_extension WHERE extname = 'citus';",
          });
        } else if (own && citusWords(answer) !== citusWords(own.answer)) {
          differences.push({
            what: `other than the coordinator's ${citusWords(own.answer)}`,
            node,
            ...valueOn(side, citusWords(answer)),
          });
        }
      }
    }
    const from = coordinatorOf(nodes.source)?.answer;
    const to = coordinatorOf(nodes.target)?.answer;
    if (from?.library && to?.library) {
      const order = compareVersions(from.library, to.library);
      if (order > 0) differences.unshift({ what: 'older on the target', source: from.library, target: to.library });
      else if (minorSeries(from.library) !== minorSeries(to.library))
        remarks.push(`the move is an upgrade of Citus, too (${from.library} to ${to.library})`);
    } else if (from && to && from.library !== to.library) {
      remarks.push(`only the ${from.library ? 'source' : 'target'} has Citus`);
    }
    return conclude({
      differences,
      remedies,
      remarks,
      unknown: unanswered(source.answers.citusVersions, target.answers.citusVersions),
      pass:
        from?.library || to?.library
          ? sameOrBoth(from?.library ?? 'without Citus', to?.library ?? 'without Citus')
          : 'neither side has Citus',
    });
  },
});

function lagsBehind({ extension, library }: CitusVersions): boolean {
  return extension !== null && library !== null && minorSeries(extension) !== minorSeries(library);
}

function citusWords({ extension, library }: CitusVersions): string {
  return extension === null ? 'none' : `${library} (extension ${extension})`;
}

export const versionChecks: readonly Check[] = [postgresql, citus];
