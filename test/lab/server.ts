/** One PostgreSQL server of the lab: made, started, stopped and restarted in its own folder, on its own port. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chown, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, type QueryResultRow } from 'pg';
import type { Account } from './account';
import { freePort } from './free-port';
import type { PostgresInstallation } from './installation';

const execute = promisify(execFile);

export const labDatabase = 'app';
export const labSuperuser = 'postgres';

/** Longest wait for a server to accept connections; it is a fraction of a second on an idle machine. */
const startTimeoutMs = 60_000;
/** A port that another process took between our look and the server's start is replaced, this often. */
const startAttempts = 3;

export interface LabServer {
  host: string;
  port: number;
  database: string;
  /** The superuser that `query` connects as; everybody is trusted on loopback. */
  user: string;
  uri: string;
  binDir: string;
  majorVersion: number;
  dataDir: string;
  /** Folder of its Unix socket. */
  socketDir: string;
  /** The postmaster, while it runs: for tests that stop (SIGSTOP) or kill it. */
  readonly pid: number | undefined;
  /** Runs SQL as superuser on a connection of its own, in the lab's database unless another is named. */
  query<Row extends QueryResultRow = QueryResultRow>(
    sql: string,
    values?: unknown[],
    database?: string,
  ): Promise<Row[]>;
  /** `fast` ends sessions and shuts down; `immediate` ends as in a crash: the next start recovers. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** Starts it again on the same port; resolves when it accepts connections. */
  start(): Promise<void>;
  /** The end of the server's log. */
  log(): Promise<string>;
}

export interface ServerSpec {
  installation: PostgresInstallation;
  account: Account;
  /** Folder of this server; holds `data`, the log and the socket. */
  folder: string;
  /** A fresh data directory to copy, from {@link initializeDataDirectory}. */
  template: string;
  /** Lines of postgresql.conf beyond the lab's own. */
  settings: Record<string, string>;
}

/** Runs initdb. UTF8 and C, whatever the locale of the machine; no fsync, since nothing here is to survive. */
export async function initializeDataDirectory(
  installation: PostgresInstallation,
  account: Account,
  dataDir: string,
): Promise<void> {
  await mkdir(dataDir, { mode: 0o700 });
  await own(dataDir, account);
  await execute(
    join(installation.binDir, 'initdb'),
    [
      '--pgdata',
      dataDir,
      '--username',
      labSuperuser,
      '--auth',
      'trust',
      '--encoding',
      'UTF8',
      '--locale',
      'C',
      '--no-sync',
    ],
    { cwd: dataDir, env: serverEnvironment(dataDir), ...account },
  );
}

export async function createServer(spec: ServerSpec): Promise<LabServer> {
  const { installation, account, folder } = spec;
  const dataDir = join(folder, 'data');
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await own(folder, account);
  await execute('cp', ['-a', spec.template, dataDir]);
  const server = new RunningServer(installation, account, dataDir, folder);
  for (let attempt = 1; ; attempt++) {
    server.port = await freePort();
    await server.configure(spec.settings);
    try {
      await server.start();
      return server;
    } catch (error) {
      if (attempt === startAttempts || !(await server.log()).includes('could not bind')) throw error;
    }
  }
}

class RunningServer implements LabServer {
  readonly host = '127.0.0.1';
  readonly database = labDatabase;
  readonly user = labSuperuser;
  readonly binDir: string;
  readonly majorVersion: number;
  port = 0;
  #process: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(
    installation: PostgresInstallation,
    private readonly account: Account,
    readonly dataDir: string,
    readonly socketDir: string,
  ) {
    this.binDir = installation.binDir;
    this.majorVersion = installation.majorVersion;
  }

  get uri(): string {
    return `postgresql://${this.user}@${this.host}:${this.port}/${this.database}`;
  }

  get pid(): number | undefined {
    return this.#process?.exitCode === null && this.#process.signalCode === null ? this.#process.pid : undefined;
  }

  async configure(settings: Record<string, string>): Promise<void> {
    const all: Record<string, string> = {
      listen_addresses: '127.0.0.1',
      port: String(this.port),
      unix_socket_directories: this.socketDir,
      // Nothing in a lab is worth waiting for the disk.
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_wal_size: '4GB',
      // Enough that no sort of a scenario spills: the sides differ in what the scenario says, not in who got the disk.
      work_mem: '16MB',
      // Figures must be the same from run to run: nothing vacuums or analyzes but the scenario.
      autovacuum: 'off',
      timezone: 'UTC',
      log_timezone: 'UTC',
      lc_messages: 'C',
      track_io_timing: 'on',
      'pg_stat_statements.max': '5000',
      ...settings,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
    const file = join(this.dataDir, 'postgresql.auto.conf');
    await writeFile(file, `${lines.join('\n')}\n`);
    await own(file, this.account);
  }

  async start(): Promise<void> {
    if (this.pid !== undefined) return;
    const log = await open(join(this.socketDir, 'server.log'), 'a');
    const child = spawn(join(this.binDir, 'postgres'), ['-D', this.dataDir], {
      cwd: this.dataDir,
      env: serverEnvironment(this.dataDir),
      // A session of its own: Ctrl-C goes to our process, which stops the servers in order.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      ...this.account,
    });
    child.unref();
    this.#process = child;
    this.#ended = new Promise(resolve => {
      child.once('exit', resolve);
      child.once('error', resolve);
    });
    await log.close();
    await this.#accepts();
  }

  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    const { pid } = this;
    if (pid === undefined) return;
    process.kill(pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    this.#process?.ref();
    await this.#ended;
  }

  async query<Row extends QueryResultRow>(sql: string, values?: unknown[], database = labDatabase): Promise<Row[]> {
    const client = this.#client(database);
    await client.connect();
    try {
      const result = await client.query<Row>(sql, values);
      return result.rows;
    } finally {
      await client.end();
    }
  }

  async log(): Promise<string> {
    return (await readFile(join(this.socketDir, 'server.log'), 'utf8')).slice(-8000);
  }

  #client(database: string): Client {
    const client = new Client({ host: this.host, port: this.port, user: this.user, database, application_name: 'lab' });
    // A server stopped under an open connection says so here as well as in the query's own error.
    client.on('error', () => {});
    return client;
  }

  async #accepts(): Promise<void> {
    const deadline = Date.now() + startTimeoutMs;
    for (;;) {
      const client = this.#client('postgres');
      try {
        await client.connect();
        await client.end();
        return;
      } catch (error) {
        if (this.pid === undefined || Date.now() > deadline) {
          throw new Error(`PostgreSQL in ${this.dataDir} did not start:\n${await this.log()}`, { cause: error });
        }
        await sleep(20);
      }
    }
  }
}

/** Neither the user's PG* variables, locale nor home (with its certificates) reach the server. */
function serverEnvironment(home: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(inherited), LC_ALL: 'C', HOME: home };
}

async function own(path: string, account: Account): Promise<void> {
  if (account.uid !== undefined && account.gid !== undefined) await chown(path, account.uid, account.gid);
}
