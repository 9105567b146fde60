import { Client } from 'pg';
import { type DuplicateKeyQuestion, diagnoseDuplicateKey } from '../../src/diagnosis/diagnose-duplicate-key';
import { type DuplicateKeyDiagnosis, duplicateKeyDiagnosisSchema } from '../../src/shared/duplicate-key';
import type { Side } from '../../src/shared/side';
import type { LabPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { limits } from './profile-of';

/** Diagnoses a side of a lab, and sees that the view is what its readers expect. */
export async function diagnose(
  pair: LabPair,
  question: DuplicateKeyQuestion,
  as: { user?: string; database?: string } = {},
): Promise<DuplicateKeyDiagnosis> {
  const on = (side: Side) => {
    const { host, port, database, user } = pair[side].coordinator;
    const settings = { host, port, database, user, ...as };
    return { side, settings, label: `The ${side}`, color: 'charts.blue', protected: false };
  };
  const job = { source: on('source'), target: on('target'), limits };
  return duplicateKeyDiagnosisSchema.parse(await diagnoseDuplicateKey(job, question));
}

/** Runs a script as psql would: on one connection, statement by statement. */
export async function runScript(server: LabServer, sql: string, database = server.database): Promise<void> {
  const { host, port, user } = server;
  const client = new Client({ host, port, database, user });
  await client.connect();
  try {
    const statements = sql.replace(/^--.*$/gm, '').split(/;\s*$/m);
    for (const statement of statements) if (statement.trim() !== '') await client.query(statement);
  } finally {
    await client.end();
  }
}

/** `order likely verified`, the likeliest first. */
export function standingsOf({ hypotheses }: DuplicateKeyDiagnosis): string[] {
  return hypotheses.map(({ cause, standing, confidence }) => `${cause} ${standing} ${confidence}`);
}

/** As another ICU would: from numbers by their value to numbers by their digits, under indexes that stay as they are. */
export async function orderedOtherwise(server: LabServer, collation: string): Promise<void> {
  const { majorVersion } = server;
  const column = majorVersion >= 17 ? 'colllocale' : majorVersion >= 15 ? 'colliculocale' : 'collcollate';
  await server.query(`UPDATE pg_collation SET ${column} = 'en', collversion = '1.1' WHERE collname = $1`, [collation]);
}
