/** Of number 79 of the list what a server may read of its machine: cores and memory. */
import * as z from 'zod/mini';
import { formatBytes, formatNumber, formatShare } from '../../shared/format';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import {
  type Check,
  type CheckDifference,
  type CheckQuery,
  type CheckRemedyStep,
  type CheckUnknown,
  defineCheck,
} from '../check';
import { conclude } from '../conclude';
import { jsonWhere } from '../guarded';
import { literal } from '../literal';
import { coordinatorOf, valueOn } from '../nodes';
import { serviceOf, serviceRoleQuery } from '../services';
import { type Machine, machineFileBytes, machineFiles, machineTextsSchema, readMachine } from './machine-files';

const answerSchema = z.strictObject({
  /** Null: the role may not read files. */
  files: z.nullable(machineTextsSchema),
  sharedBuffersBytes: z.number(),
  service: z.nullable(z.string()),
});
type Answer = z.infer<typeof answerSchema>;

const texts = Object.entries(machineFiles).map(
  ([name, path]) => `${literal(name)}, pg_read_file(${literal(path)}, 0, ${machineFileBytes}, true)`,
);

const machineFigures: CheckQuery<Answer> = {
  name: 'machineFigures',
  nodes: 'every',
  sql: () => `SELECT json_build_object(
  'files', ${jsonWhere(
    `pg_has_role('pg_read_server_files', 'USAGE') AND has_function_privilege('pg_read_file(text, bigint, bigint, boolean)', 'EXECUTE')`,
    `SELECT json_build_object(${texts.join(', ')})`,
  )},
  'sharedBuffersBytes', pg_size_bytes(current_setting('shared_buffers')),
  'service', ${serviceRoleQuery})`,
  answer: answerSchema,
};

/** Machines of one size differ by less: firmware and kernels keep some memory to themselves. */
const tolerance = 0.1;
/** PostgreSQL's documentation advises 25 %, and knows of no gain above 40 %; beyond this, sessions have no room. */
const crowded = 0.75;
const advised = 0.25;

const figures = [
  { what: 'cores', of: ({ cores }: Machine) => cores, words: coreWords },
  { what: 'memory', of: ({ memoryBytes }: Machine) => memoryBytes, words: formatBytes },
] as const;
type Figure = (typeof figures)[number];

const machine = defineCheck({
  id: 'operations.machine',
  group: 'operations',
  title: 'Cores and memory',
  question:
    'Has every node of the target the cores and the memory of its like on the source, and room beside its shared_buffers?',
  why: 'A smaller machine is slower under load with the same plans, and one that runs out of memory kills sessions. It is read from the files of the system, as superusers may. Do not grant pg_read_server_files for it: a role that has it reads any file of the server. Ask the provider instead, or measure: group probe.',
  reference:
    'PostgreSQL documentation, "Resource Consumption: shared_buffers" and "Predefined Roles"; Linux kernel documentation, "The /proc Filesystem" and "Control Group v2"',
  severity: 'medium',
  sides,
  queries: { machine: machineFigures },
  judge({ source, target }) {
    const nodes = {
      source: answered(source.answers.machine).map(readNode),
      target: answered(target.answers.machine).map(readNode),
    };
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks = sides.flatMap(side =>
      nodes[side].map(found => `${side} ${found.node}: ${machineWords(found.answer)}`),
    );
    for (const figure of figures) {
      const judged = compareSides(figure, nodes, {
        source: countWorkers(source.nodes),
        target: countWorkers(target.nodes),
      });
      differences.push(...judged.differences);
      remarks.push(...judged.remarks);
    }
    if (differences.length > 0)
      remarks.push('a larger size of its machines, or of its containers, mends it; group probe measures what they do');
    for (const side of sides)
      for (const found of nodes[side].filter(isCrowded)) {
        const { node, answer } = found;
        differences.push({
          what: `shared_buffers above ${formatShare(crowded)} of the memory`,
          node,
          ...valueOn(side, `${formatBytes(answer.sharedBuffersBytes)} of ${formatBytes(answer.memoryBytes!)}`),
        });
        remedies.push(shrink(side, found));
      }
    return conclude({
      differences,
      remedies,
      remarks,
      unknown: [
        ...unanswered(source.answers.machine, target.answers.machine),
        ...sides.flatMap(side => nodes[side].flatMap(unreadable)),
      ],
      pass: 'every node of the target has the cores and memory of its like on the source',
    });
  },
});

type Node = Answered<Answer & Machine>;

function readNode(found: Answered<Answer>): Node {
  const { files } = found.answer;
  return { ...found, answer: { ...found.answer, ...(files ? readMachine(files) : { isLimited: false }) } };
}

function countWorkers(nodes: readonly { role: string }[]): number {
  return nodes.filter(({ role }) => role === 'worker').length;
}

/** What of the two figures is not known, and who knows. */
function unreadable({ node, answer }: Node): CheckUnknown[] {
  const missing = figures.filter(({ of }) => of(answer) === undefined).map(({ what }) => what);
  if (missing.length === 0) return [];
  const service = serviceOf(answer.service);
  const why = answer.files ? 'its system does not tell them as Linux does' : 'only superusers may read them';
  const who = service ? `the console of ${service} shows them` : 'ask the provider';
  return [{ what: `${missing.join(' and ')}: ${why}; ${who}, or measure: group probe`, node }];
}

interface Judged {
  differences: CheckDifference[];
  remarks: string[];
}

/** Coordinators with one another, and workers by the smallest and by all; where one side has no workers, all nodes. */
function compareSides(figure: Figure, nodes: Record<Side, Node[]>, workers: Record<Side, number>): Judged {
  const judged: Judged = { differences: [], remarks: [] };
  const compare = (what: string, from: number | undefined, to: number | undefined, node?: string) => {
    if (from === undefined || to === undefined) return;
    const [a, b] = [figure.words(from), figure.words(to)];
    if (to < from * (1 - tolerance))
      judged.differences.push({ what, ...(node === undefined ? {} : { node }), source: a, target: b });
    else if (to > from * (1 + tolerance)) judged.remarks.push(`more ${what} on the target: source ${a}, target ${b}`);
  };
  const isAlike = workers.source > 0 === workers.target > 0;
  if (isAlike) {
    const [from, to] = [coordinatorOf(nodes.source), coordinatorOf(nodes.target)];
    if (from && to) compare(figure.what, figure.of(from.answer), figure.of(to.answer), to.node);
    if (workers.source === 0) return judged;
  }
  const known = (side: Side) => {
    const group = nodes[side].filter(({ role }) => !isAlike || role === 'worker');
    const values = group.flatMap(({ answer, node }) => {
      const value = figure.of(answer);
      return value === undefined ? [] : [{ node, value }];
    });
    // Of some nodes only there is neither a sum nor a smallest.
    return values.length === workers[side] + (isAlike ? 0 : 1) ? values : [];
  };
  const [from, to] = [known('source'), known('target')];
  if (from.length === 0 || to.length === 0) return judged;
  const sum = (values: typeof from) => values.reduce((total, { value }) => total + value, 0);
  const smallest = (values: typeof from) => values.reduce((least, each) => (each.value < least.value ? each : least));
  if (isAlike)
    compare(`${figure.what} of the smallest worker`, smallest(from).value, smallest(to).value, smallest(to).node);
  compare(`${figure.what} of all ${isAlike ? 'workers' : 'nodes'}`, sum(from), sum(to));
  return judged;
}

function isCrowded({ answer }: Node): boolean {
  return answer.sharedBuffersBytes > crowded * (answer.memoryBytes ?? Number.POSITIVE_INFINITY);
}

function shrink(side: Side, { node, answer }: Node): CheckRemedyStep {
  const room = Math.max(1, Math.floor((advised * answer.memoryBytes!) / 2 ** 20));
  return {
    side,
    nodes: [node],
    sql: `ALTER SYSTEM SET shared_buffers = '${room}MB';\n-- then restart the server; or give it more memory`,
    lock: 'a restart of the server',
    rollback: `ALTER SYSTEM SET shared_buffers = '${answer.sharedBuffersBytes / 1024}kB'; then a restart.`,
    verify: 'SHOW shared_buffers;',
  };
}

function coreWords(cores: number): string {
  return `${formatNumber(cores, cores < 10 ? 1 : 0)} ${cores === 1 ? 'core' : 'cores'}`;
}

function machineWords({ cores, memoryBytes, swapBytes, isLimited, sharedBuffersBytes }: Node['answer']): string {
  const known = [
    cores === undefined ? [] : [coreWords(cores)],
    memoryBytes === undefined ? [] : [`${formatBytes(memoryBytes)} of memory`],
    swapBytes === undefined ? [] : [swapBytes === 0 ? 'no swap' : `${formatBytes(swapBytes)} of swap`],
    [`shared_buffers = ${formatBytes(sharedBuffersBytes)}`],
  ].flat();
  return `${known.join(', ')}${isLimited ? '; its container is limited to less than the machine has' : ''}`;
}

export const operationsMachineChecks: readonly Check[] = [machine];
