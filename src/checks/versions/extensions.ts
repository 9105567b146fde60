import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckRemedyStep, defineCheck } from '../check';
import { conclude } from '../conclude';
import { literal } from '../literal';
import { coordinatorOf, valueOn, withoutPropagation } from '../nodes';
import { compareVersions } from './compare-versions';

const extensionSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  schema: z.string(),
  /** What CREATE EXTENSION would give; null: its files are gone. */
  available: z.nullable(z.string()),
});
type Extension = z.infer<typeof extensionSchema>;
const extensionsSchema = z.strictObject({
  installed: z.array(extensionSchema),
  /** Each that can be created, with the version it would have. */
  available: z.array(z.tuple([z.string(), z.string()])),
  usesColumnar: z.boolean(),
});

const extensionList: CheckQuery<z.infer<typeof extensionsSchema>> = {
  name: 'extensions',
  nodes: 'every',
  sql: () => `SELECT json_build_object(
  'installed', (SELECT coalesce(json_agg(json_build_object('name', e.extname, 'version', e.extversion, 'schema', n.nspname,
                  'available', a.default_version) ORDER BY e.extname), '[]')
     FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
     LEFT JOIN pg_available_extensions() a ON a.name = e.extname WHERE e.extname <> 'citus'),
  'available', (SELECT coalesce(json_agg(json_build_array(a.name, a.default_version)), '[]') FROM pg_available_extensions() a
    WHERE a.default_version IS NOT NULL),
  'usesColumnar', EXISTS (SELECT FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'columnar'))`,
  answer: extensionsSchema,
};
type ExtensionsAnswer = z.infer<typeof extensionsSchema>;

const extensions = defineCheck({
  id: 'versions.extensions',
  group: 'versions',
  title: 'Extensions',
  question: 'Has the target every extension of the source, in no older version, with no update pending on any node?',
  why: 'Objects of a missing extension cannot be restored; an extension never updated after its library lacks columns and functions.',
  reference: 'PostgreSQL documentation, "CREATE EXTENSION" and "ALTER EXTENSION"',
  severity: 'high',
  sides,
  queries: { extensions: extensionList },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.extensions), target: answered(target.answers.extensions) };
    const from = coordinatorOf(nodes.source);
    const to = coordinatorOf(nodes.target);
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    if (from && to) compareSides(from, to, differences, remedies, remarks);
    for (const side of sides) {
      const own = coordinatorOf(nodes[side]);
      for (const found of nodes[side]) {
        const { node, role, answer } = found;
        for (const { name, version, available } of answer.installed) {
          if (available === null || compareVersions(version, available) >= 0) continue;
          const words = `${version}, while ${available} is installed`;
          if (side === 'source') remarks.push(`update of ${name} pending on ${node} (${side}): ${words}`);
          else {
            differences.push({ what: `update of ${name} pending`, node, target: words });
            remedies.push(updateStep(node, role, name, version));
          }
        }
        if (own && found !== own) compareWorker(side, own, found, differences, remedies);
      }
    }
    return conclude({
      differences,
      remedies,
      remarks,
      unknown: unanswered(source.answers.extensions, target.answers.extensions),
      pass: `all ${from?.answer.installed.length ?? 0} extensions of the source are on the target`,
    });
  },
});

function compareSides(
  from: Answered<ExtensionsAnswer>,
  to: Answered<ExtensionsAnswer>,
  differences: CheckDifference[],
  remedies: CheckRemedyStep[],
  remarks: string[],
): void {
  const there = new Map(to.answer.installed.map(extension => [extension.name, extension]));
  for (const extension of from.answer.installed) {
    const { name, version } = extension;
    const other = there.get(name);
    there.delete(name);
    if (!other) {
      // Up to Citus 13.1 it came with CREATE EXTENSION citus, wanted or not.
      if (name === 'citus_columnar' && !from.answer.usesColumnar) {
        remarks.push('citus_columnar is on the source only, which has no columnar table');
        continue;
      }
      const offered = offeredVersion(to, name);
      const isOlder = offered !== undefined && compareVersions(version, offered) > 0;
      differences.push({
        what: `extension ${name}`,
        source: version,
        target:
          offered === undefined
            ? 'not available: its package is not installed'
            : `not created${isOlder ? `; its package has ${offered} only` : ''}`,
      });
      if (offered !== undefined) remedies.push(createStep({ ...extension, version: offered }, 'target', to));
    } else if (compareVersions(version, other.version) > 0) {
      differences.push({ what: `extension ${name} is older on the target`, source: version, target: other.version });
    } else if (version !== other.version) {
      remarks.push(`${name}: source ${version}, target ${other.version}`);
    }
    if (other && other.schema !== extension.schema) {
      differences.push({ what: `schema of extension ${name}`, source: extension.schema, target: other.schema });
      remedies.push(moveStep(to.node, extension, other.schema));
    }
  }
  if (there.size > 0) remarks.push(`on the target only: ${[...there.keys()].join(', ')}`);
}

function compareWorker(
  side: Side,
  own: Answered<ExtensionsAnswer>,
  worker: Answered<ExtensionsAnswer>,
  differences: CheckDifference[],
  remedies: CheckRemedyStep[],
): void {
  const { node, answer } = worker;
  const there = new Map(answer.installed.map(({ name, version }) => [name, version]));
  for (const extension of own.answer.installed) {
    const { name, version } = extension;
    const other = there.get(name);
    if (other === version) continue;
    const offered = offeredVersion(worker, name);
    differences.push({
      what: `extension ${name} other than the coordinator's ${version}`,
      node,
      ...valueOn(
        side,
        other ?? (offered === undefined ? 'not available: its package is not installed' : 'not created'),
      ),
    });
    if (other === undefined && offered !== undefined) remedies.push(createStep(extension, side, worker));
  }
}

function offeredVersion({ answer }: Answered<ExtensionsAnswer>, extension: string): string | undefined {
  return answer.available.find(([name]) => name === extension)?.[1];
}

function createStep(
  { name: extension, schema, version }: Extension,
  side: Side,
  { node, role }: Answered<ExtensionsAnswer>,
): CheckRemedyStep {
  const local = role === 'worker' ? withoutPropagation : '';
  const own = /^(?:public|pg_catalog)$/.test(schema) ? '' : `CREATE SCHEMA IF NOT EXISTS ${quoted(schema)};\n`;
  return {
    side,
    nodes: [node],
    sql: `${local}${own}CREATE EXTENSION IF NOT EXISTS ${quoted(extension)} SCHEMA ${quoted(schema)} VERSION ${literal(version)};`,
    lock: 'none',
    rollback: `${local}DROP EXTENSION ${quoted(extension)};`,
    verify: 'SELECT extname, extversion FROM pg_extension;',
  };
}

/** Not every extension can be moved; those that cannot say so and stay as they are. */
function moveStep(node: string, { name: extension, schema }: Extension, now: string): CheckRemedyStep {
  const change = (to: string) => `ALTER EXTENSION ${quoted(extension)} SET SCHEMA ${quoted(to)};`;
  return {
    side: 'target',
    nodes: [node],
    sql: change(schema),
    lock: 'the objects of the extension, for a moment',
    rollback: change(now),
    verify: 'SELECT extname, extnamespace::regnamespace FROM pg_extension;',
  };
}

function updateStep(node: string, role: 'coordinator' | 'worker', extension: string, version: string): CheckRemedyStep {
  return {
    side: 'target',
    nodes: [node],
    sql: `${role === 'worker' ? withoutPropagation : ''}ALTER EXTENSION ${quoted(extension)} UPDATE;`,
    lock: 'the objects of the extension, while they are changed',
    rollback: `Few extensions can be downgraded; where a script exists: ALTER EXTENSION ${quoted(extension)} UPDATE TO ${literal(version)};`,
    verify: 'SELECT extname, extversion FROM pg_extension;',
  };
}

export const extensionChecks: readonly Check[] = [extensions];
