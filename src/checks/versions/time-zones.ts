/** Rules of time zones (of number 9). */
import * as z from 'zod/mini';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, defineCheck } from '../check';
import { conclude } from '../conclude';
import { coordinatorOf, valueOn } from '../nodes';

/**
 * Instants after changes of the rules of 2018 to 2025 (IANA tz database, NEWS): a node without the change gives another
 * offset. Names that every version of the database has.
 */
const instants: readonly (readonly [zone: string, instant: string])[] = [
  ['Africa/Cairo', '2023-07-01'],
  ['Africa/Juba', '2021-06-01'],
  ['America/Asuncion', '2025-06-01'],
  ['America/Mexico_City', '2023-07-01'],
  ['America/Sao_Paulo', '2020-01-01'],
  ['Asia/Almaty', '2024-06-01'],
  ['Asia/Amman', '2022-12-15'],
  ['Asia/Tehran', '2023-07-01'],
  ['Pacific/Apia', '2022-01-15'],
];

const zonesSchema = z.array(z.tuple([z.string(), z.string()]));
const zonesQuery: CheckQuery<z.infer<typeof zonesSchema>> = {
  name: 'timeZoneRules',
  nodes: 'every',
  sql: () => `SELECT json_agg(json_build_array(zone, to_char(
    (at::timestamp AT TIME ZONE 'UTC') AT TIME ZONE zone - at::timestamp, 'HH24:MI')))
  FROM (VALUES ${instants.map(([zone, at]) => `('${zone}', '${at}')`).join(', ')}) AS v(zone, at)`,
  answer: zonesSchema,
};

const timeZones = defineCheck({
  id: 'versions.time-zones',
  group: 'versions',
  title: 'Time zone data',
  question: 'Do all nodes know the same changes of time zone rules?',
  why: 'With older rules the same timestamptz shows another local time, and a local time is stored as another instant.',
  reference: 'PostgreSQL documentation, "Time Zones" and "Installation: --with-system-tzdata"; IANA tz database, NEWS',
  severity: 'medium',
  sides,
  queries: { zones: zonesQuery },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.zones), target: answered(target.answers.zones) };
    const differences: CheckDifference[] = [];
    const compare = (side: Side, own: Answered<z.infer<typeof zonesSchema>> | undefined) => {
      for (const found of nodes[side]) {
        const known = new Map(own?.answer);
        for (const [zone, offset] of found.answer) {
          const here = known.get(zone);
          if (here !== undefined && here !== offset)
            differences.push({
              what: `offset of ${zone} on ${instants.find(([name]) => name === zone)?.[1] ?? '?'}, ${here} on ${own!.node}`,
              node: found.node,
              ...valueOn(side, offset),
            });
        }
      }
    };
    compare('source', coordinatorOf(nodes.source));
    compare('target', coordinatorOf(nodes.source) ?? coordinatorOf(nodes.target));
    return conclude({
      differences,
      unknown: unanswered(source.answers.zones, target.answers.zones),
      pass: `${instants.length} changes of rules are known alike on ${nodes.source.length + nodes.target.length} nodes`,
    });
  },
});

export const timeZoneChecks: readonly Check[] = [timeZones];
