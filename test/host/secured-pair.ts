/** A plain pair whose application role must give a password, as real clusters want it. */
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { type LabPair, startPlainPair } from '../lab/lab';
import { appOwner } from '../lab/scenarios/rollup';
import type { LabServer } from '../lab/server';

export interface SecuredPair extends LabPair {
  password: string;
  /** URI of a side without the password. */
  uriOf(server: LabServer): string;
  /** URI of a side with the password. */
  secretUriOf(server: LabServer): string;
  /** Runs SQL as the application role, with its role settings, as Cutover's sessions do. */
  asOwner(server: LabServer, sql: string): Promise<Record<string, unknown>[]>;
}

export async function startSecuredPair(): Promise<SecuredPair> {
  const pair = await startPlainPair({ scenario: 'rollup' });
  // Letters and digits only: it must be found literally wherever it might have been written.
  const password = `pw${randomUUID().replaceAll('-', '')}`;
  for (const { coordinator } of [pair.source, pair.target]) {
    const encryption = "SET password_encryption = 'scram-sha-256'";
    await coordinator.query(`${encryption}; ALTER ROLE ${appOwner} PASSWORD '${password}'`);
    const file = join(coordinator.dataDir, 'pg_hba.conf');
    const rule = `host all ${appOwner} 127.0.0.1/32 scram-sha-256\n`;
    await writeFile(file, rule + (await readFile(file, 'utf8')));
    await coordinator.query('SELECT pg_reload_conf()');
  }
  const uri = (server: LabServer, user: string) =>
    `postgresql://${user}@${server.host}:${server.port}/${server.database}`;
  const secretUriOf = (server: LabServer) => uri(server, `${appOwner}:${password}`);
  return {
    ...pair,
    password,
    uriOf: server => uri(server, appOwner),
    secretUriOf,
    async asOwner(server, sql) {
      const client = new Client({ connectionString: secretUriOf(server), application_name: 'test' });
      await client.connect();
      try {
        return (await client.query(sql)).rows as Record<string, unknown>[];
      } finally {
        await client.end();
      }
    },
  };
}
