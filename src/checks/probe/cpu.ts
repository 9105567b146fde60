/** Of number 79 of the list what no catalog shows: how fast one core of each node is. */
import { formatCount, formatMs, formatShare } from '../../shared/format';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckUnknown, defineCheck } from '../check';
import { conclude } from '../conclude';
import { type Cpu, cpuSpeed, cpuWork, shareOf } from './cpu-speed';
import { type Gate, judgeSlower, type Measured, medianWords, probeGroup } from './figures';

/** PostgreSQL 15, 17 and 18, of two builders, were within 10 % of one another on one machine. */
const gate: Gate = { ratio: 1.4, ms: 0 };
const fewestRepetitions = 20;
/** Where the shortest is met again by a tenth of all, it is the core's and no accident. */
const steadyRatio = 1.25;

const { repetitions, hashes, longestSeconds } = cpuWork;

const cpu = defineCheck({
  id: 'probe.cpu',
  group: probeGroup,
  onRequest: true,
  title: 'Speed of a core',
  question: `Does every node of the target do the same computation in less than ${gate.ratio} times the time of the source?`,
  why: 'A statement runs on one core, or a few: more cores do not make up for slower ones. Quotas, shared machines, used-up credits and instrumentation show here, and in no catalog.',
  reference: `Measured: ${formatCount(hashes)} integers hashed by the executor, ${repetitions} times, on one core of each node, for ${longestSeconds} s at most. The shortest counts; the rest tells what share of a core there was. PostgreSQL's own build and settings are part of it`,
  severity: 'medium',
  sides,
  queries: { cpu: cpuSpeed },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.cpu), target: answered(target.answers.cpu) };
    const measured = { source: measuredOf(nodes.source), target: measuredOf(nodes.target) };
    const judged = judgeSlower(measured, { gate, work: 'the same computation', cpu: nodes.target });
    return conclude({
      differences: judged.differences,
      unknown: [
        ...unanswered(source.answers.cpu, target.answers.cpu),
        ...sides.flatMap(side => nodes[side].filter(({ answer }) => !isSteady(answer)).map(unsteady)),
        ...judged.unknown,
      ],
      remarks: sides.flatMap(side => nodes[side].map(found => figures(side, found))),
      pass: `no core of the target is much slower: ${sides.map(side => `${side} ${medianWords(measured[side])}`).join(', ')}`,
    });
  },
});

function isSteady({ repetitions, shortestMs, tenthMs }: Cpu): boolean {
  if (shortestMs === null || tenthMs === null) return false;
  return repetitions >= fewestRepetitions && tenthMs <= steadyRatio * shortestMs;
}

function measuredOf(nodes: readonly Answered<Cpu>[]): Measured[] {
  return nodes.flatMap(({ node, role, answer }) => (isSteady(answer) ? [{ node, role, ms: answer.shortestMs! }] : []));
}

function unsteady({ node, answer: { repetitions, shortestMs, tenthMs } }: Answered<Cpu>): CheckUnknown {
  const times =
    shortestMs === null || tenthMs === null
      ? ''
      : `: the shortest took ${formatMs(shortestMs)}, a tenth up to ${formatMs(tenthMs)}`;
  return {
    what: `${formatCount(repetitions)} repetitions are too few, or too unlike one another${times}: measure again when the node is idle`,
    node,
  };
}

function figures(side: Side, { node, answer }: Answered<Cpu>): string {
  const { shortestMs, others } = answer;
  const time = shortestMs === null ? '–' : formatMs(shortestMs);
  const beside = others === null ? '' : `, beside ${formatCount(others)} other statement${others === 1 ? '' : 's'}`;
  return `${side} ${node}: ${time}, with ${formatShare(shareOf(answer))} of a core${beside}`;
}

export const probeCpuChecks: readonly Check[] = [cpu];
