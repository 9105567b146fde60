import type { Socket } from 'node:net';
import type { Client, ClientConfig } from 'pg';
import { type ConnectionProfile, formatAddress } from './connection';
import { ClusterError, type ErrorContext } from './errors';
import type { SessionLimits } from './limits';
import { type BackendKey, type Encryption, encryptionAttempts, openWire } from './wire';

export interface Login {
  client: Client;
  stream: Socket;
  encrypted: boolean;
  /** The limits stand as startup options; else (a pooler that refuses them) every transaction must set them itself. */
  limitsAtStartup: boolean;
  key: BackendKey;
}

/** Set at startup so that no statement ever runs without them. */
function startupOptions(profile: ConnectionProfile, limits: SessionLimits): string {
  const ours = [
    `statement_timeout=${limits.statementTimeoutMs}`,
    `lock_timeout=${limits.lockTimeoutMs}`,
    `idle_in_transaction_session_timeout=${limits.idleInTransactionTimeoutMs}`,
    'default_transaction_read_only=on',
  ];
  // The last of two equal options counts: ours come after what the user set.
  return [profile.options ?? '', ...ours.map(option => `-c ${option}`)].join(' ').trim();
}

/**
 * Connects and logs in. Rejects with a {@link ClusterError} and never takes longer than the profile's connect timeout.
 *
 * As libpq, `prefer` goes on without TLS where the handshake fails and `allow` with TLS where plain text is refused.
 * Unlike libpq, only a refusal by pg_hba.conf (28000) is tried again the other way, never a wrong password (28P01):
 * what TLS just protected is not sent again in clear text.
 */
export async function login(
  profile: ConnectionProfile,
  password: string | undefined,
  limits: SessionLimits,
  signal?: AbortSignal,
): Promise<Login> {
  const controller = new AbortController();
  const cancelled = () => controller.abort(cancelledWhileConnecting(profile));
  if (signal?.aborted) throw cancelledWhileConnecting(profile);
  signal?.addEventListener('abort', cancelled);
  const timer = setTimeout(() => controller.abort(connectTimeout(profile)), profile.connectTimeoutMs);
  try {
    return await attempts(profile, password, limits, controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancelled);
  }
}

async function attempts(
  profile: ConnectionProfile,
  password: string | undefined,
  limits: SessionLimits,
  signal: AbortSignal,
): Promise<Login> {
  const [first, second] = encryptionAttempts(profile) as [Encryption, Encryption | undefined];
  try {
    return await withOptions(profile, password, limits, first, signal);
  } catch (error) {
    const firstError = ClusterError.from(error, context(profile));
    const otherWayMayDo = firstError.reason === 'tls' || firstError.sqlstate === '28000';
    if (!second || !otherWayMayDo || signal.aborted) throw firstError;
    try {
      return await withOptions(profile, password, limits, second, signal);
    } catch (again) {
      const secondError = ClusterError.from(again, context(profile));
      // Say what the user can act on: the refusal of the login rather than that the other way is closed, too.
      const preferSecond = first === 'plain' ? secondError.reason !== 'tls' : firstError.reason === 'tls';
      throw preferSecond ? secondError : firstError;
    }
  }
}

/** PgBouncer and its like refuse startup parameters that they do not know (08P01). */
async function withOptions(
  profile: ConnectionProfile,
  password: string | undefined,
  limits: SessionLimits,
  encryption: Encryption,
  signal: AbortSignal,
): Promise<Login> {
  try {
    return await attempt(profile, password, startupOptions(profile, limits), encryption, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === '08P01')) throw error;
    if (profile.options)
      throw ClusterError.from(error, context(profile)).with({
        next: `The pooler refuses startup options: set "${profile.options}" for the role instead, or connect directly.`,
      });
    return await attempt(profile, password, undefined, encryption, signal);
  }
}

/** What the driver has and its types leave out. */
interface ClientInternals {
  processID: number;
  secretKey: number;
  connectionParameters: { options: string | undefined };
}

async function attempt(
  profile: ConnectionProfile,
  password: string | undefined,
  options: string | undefined,
  encryption: Encryption,
  signal: AbortSignal,
): Promise<Login> {
  const { Client } = (await import('pg')).default;
  const { stream, encrypted } = await openWire(profile, encryption, signal);
  const config: ClientConfig & { pipeline: boolean } = {
    host: profile.host,
    port: profile.port,
    user: profile.user,
    database: profile.database,
    // A function: the driver would otherwise look for PGPASSWORD and a password file by itself.
    password: () => {
      if (password) return password;
      throw new ClusterError(
        'authentication',
        `${formatAddress(profile)} asks ${profile.user} for a password, and none is known.`,
        {
          next: 'Enter the password, or put it into .pgpass or PGPASSWORD.',
        },
      );
    },
    stream: () => alreadyConnected(stream),
    ssl: false,
    sslnegotiation: 'postgres',
    application_name: 'cutover',
    client_encoding: 'UTF8',
    pipeline: true,
    // Values stay text: no timestamp shifts, no bigint loss.
    types: { getTypeParser: () => (value: unknown) => value } as unknown as NonNullable<ClientConfig['types']>,
  };
  const client = new Client(config);
  const internals = client as unknown as ClientInternals;
  internals.connectionParameters.options = options;
  // Without a listener an error of the connection would end the process.
  client.on('error', () => {});
  const aborted = () => stream.destroy();
  signal.addEventListener('abort', aborted);
  try {
    await client.connect();
    return {
      client,
      stream,
      encrypted,
      limitsAtStartup: options !== undefined,
      key: { processId: internals.processID, secretKey: internals.secretKey },
    };
  } catch (error) {
    // The driver's own complaints about the login carry no code; the connection still stands then.
    const unnamed = error instanceof Error && !('code' in error) && !(error instanceof ClusterError);
    const standing = !stream.destroyed && stream.readable;
    stream.destroy();
    if (unnamed && standing)
      throw new ClusterError('authentication', `The login to ${formatAddress(profile)} failed: ${error.message}.`, {
        next: "Check the server's authentication method in pg_hba.conf: Cutover knows trust, password, md5, scram-sha-256 and cert.",
      });
    throw error;
  } finally {
    signal.removeEventListener('abort', aborted);
  }
}

/** The driver connects its stream and waits for `connect`; ours is connected (and encrypted) already. */
function alreadyConnected(stream: Socket): Socket {
  stream.connect = () => {
    process.nextTick(() => stream.emit('connect'));
    return stream;
  };
  return stream;
}

function context(profile: ConnectionProfile): ErrorContext {
  return { address: formatAddress(profile), user: profile.user, phase: 'connect' };
}

function connectTimeout(profile: ConnectionProfile): ClusterError {
  return new ClusterError(
    'connectTimeout',
    `${formatAddress(profile)} did not answer within ${profile.connectTimeoutMs} ms.`,
    { next: 'Check host, port, VPN and firewall, or raise the setting cutover.connection.timeoutMs.' },
  );
}

function cancelledWhileConnecting(profile: ConnectionProfile): ClusterError {
  return new ClusterError('cancelled', `Connecting to ${formatAddress(profile)} was cancelled.`, {
    next: 'Run it again when you need it.',
  });
}
