/** Number 83 of the list, as far as the session itself shows. */

import * as z from 'zod/mini';
import { formatCount } from '../../shared/format';
import { eachSide } from '../../shared/side';
import { answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckRemedyStep, defineCheck } from '../check';
import { conclude } from '../conclude';
import { coordinatorOf, valueOn } from '../nodes';

const clockSchema = z.strictObject({ epochSeconds: z.number() });

/** The certificate came with the session; how long it is valid says the clock of the server. */
const coordinatorClock: CheckQuery<z.infer<typeof clockSchema>> = {
  name: 'coordinatorClock',
  nodes: 'coordinator',
  sql: () => `SELECT json_build_object('epochSeconds', extract(epoch FROM now())::float8)`,
  answer: clockSchema,
};

/** Sooner than this it ends while the move goes on, or shortly after. */
const leastDays = 30;
const daySeconds = 86_400;

const certificate = defineCheck({
  id: 'operations.certificate',
  group: 'operations',
  title: 'Certificates',
  question: `Is the TLS certificate that each side shows to its clients valid for ${leastDays} days more?`,
  why: 'Clients that verify it are refused from the second on in which it ends. Of their DNS name PostgreSQL knows nothing: dig tells how long they keep the old address.',
  reference: 'PostgreSQL documentation, "Secure TCP/IP Connections with SSL: ssl_cert_file" and "SSL Support"',
  severity: 'high',
  sides: ['source', 'target'],
  queries: { clock: coordinatorClock },
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    for (const [side, { answers, certificate: shown }] of eachSide({ source, target })) {
      const own = coordinatorOf(answered(answers.clock));
      if (!own) continue;
      const { node, answer } = own;
      if (!shown) {
        remarks.push(`${side}: the session with ${node} is not encrypted, so that no certificate was seen`);
        continue;
      }
      const { validTo, mismatch } = shown;
      const days = Math.floor((Date.parse(validTo) / 1000 - answer.epochSeconds) / daySeconds);
      const day = validTo.slice(0, 10);
      if (mismatch !== undefined) remarks.push(`${side}: sslmode verify-full refuses it: ${mismatch}`);
      if (days >= leastDays) {
        remarks.push(`${side}: valid until ${day}, ${formatCount(days)} days more`);
        continue;
      }
      differences.push({
        what: days < 0 ? 'certificate has expired' : 'certificate ends soon',
        node,
        ...valueOn(side, days < 0 ? `on ${day}` : `on ${day}, in ${formatCount(days)} days`),
      });
      remedies.push({
        side,
        nodes: [node],
        sql: '-- Put the new certificate and its key in place of these files (of a pooler in between: its own), then:\nSHOW ssl_cert_file;\nSHOW ssl_key_file;\nSELECT pg_reload_conf();',
        lock: 'none; sessions that are open go on',
        rollback: 'Put the old files back and reload.',
        verify: 'Run this check again.',
      });
    }
    return conclude({
      differences,
      remedies,
      remarks,
      unknown: unanswered(source.answers.clock, target.answers.clock),
      pass: `no certificate that was seen ends within ${leastDays} days`,
    });
  },
});

export const operationsCertificateChecks: readonly Check[] = [certificate];
