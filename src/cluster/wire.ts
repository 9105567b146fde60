import { connect as connectSocket, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type ConnectionProfile, formatAddress, isUnixSocket } from './connection';
import { ClusterError } from './errors';
import { tlsOptions } from './tls';

/**
 * How to begin: `preferTls` goes on in plain text when the server declines TLS. We negotiate ourselves because the
 * driver's own sslmode differs from libpq's and its failures carry no code.
 */
export type Encryption = 'plain' | 'tls' | 'preferTls';

export interface Wire {
  stream: Socket;
  encrypted: boolean;
}

/** What the server gave at login to cancel by; a pooler makes up its own and understands it. */
export interface BackendKey {
  processId: number;
  secretKey: number;
}

/** libpq's order of attempts for a sslmode (PostgreSQL documentation, "SSL Mode Descriptions"). */
export function encryptionAttempts(profile: ConnectionProfile): Encryption[] {
  if (isUnixSocket(profile.host)) return ['plain'];
  switch (profile.sslmode) {
    case 'disable':
      return ['plain'];
    case 'allow':
      return ['plain', 'tls'];
    case 'prefer':
      return ['preferTls', 'plain'];
    default:
      return ['tls'];
  }
}

/** Seconds of silence before the operating system asks whether the other end still lives. */
const keepAliveDelayMs = 10_000;

/** SSLRequest (PostgreSQL documentation, "Message Formats"). */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Opens the connection up to the point where the startup packet may be sent. Rejects with errors of Node or a ClusterError. */
export async function openWire(profile: ConnectionProfile, encryption: Encryption, signal: AbortSignal): Promise<Wire> {
  const options = encryption === 'plain' ? undefined : await tlsOptions(profile);
  const socket = await openSocket(profile, signal);
  if (!options) return { stream: socket, encrypted: false };
  const destroy = () => socket.destroy();
  signal.addEventListener('abort', destroy);
  try {
    return await new Promise<Wire>((resolve, reject) => {
      const closed = () => reject(Object.assign(new Error('closed during SSLRequest'), { code: 'ECONNRESET' }));
      socket.once('error', reject);
      socket.once('close', closed);
      socket.once('data', answer => {
        socket.off('close', closed);
        if (answer.length === 1 && answer[0] === 0x53 /* S */) {
          const stream = connectTls({
            ...options,
            socket,
            host: profile.host,
            // An IP address is no server name (RFC 6066, section 3).
            ...(isIP(profile.host) === 0 ? { servername: profile.host } : {}),
          });
          stream.once('error', reject);
          stream.once('close', () => reject(Object.assign(new Error('closed in the handshake'), { code: 'EPROTO' })));
          stream.once('secureConnect', () => {
            stream.off('error', reject);
            resolve({ stream, encrypted: true });
          });
        } else if (answer.length === 1 && answer[0] === 0x4e /* N */ && encryption === 'preferTls') {
          socket.off('error', reject);
          resolve({ stream: socket, encrypted: false });
        } else if (answer.length === 1 && answer[0] === 0x4e) {
          reject(noTls(profile));
        } else {
          reject(noPostgres(profile));
        }
      });
      socket.write(sslRequest);
    });
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', destroy);
  }
}

function openSocket(profile: ConnectionProfile, signal: AbortSignal): Promise<Socket> {
  const { host, port } = profile;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = isUnixSocket(host)
      ? connectSocket({ path: socketPath(host, port) })
      : connectSocket({ host, port, keepAlive: true, keepAliveInitialDelay: keepAliveDelayMs, noDelay: true });
    const aborted = () => socket.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal.addEventListener('abort', aborted);
    socket.once('error', reject);
    socket.once('close', () => signal.removeEventListener('abort', aborted));
    socket.once('connect', () => {
      socket.off('error', reject);
      signal.removeEventListener('abort', aborted);
      resolve(socket);
    });
  });
}

/**
 * The protocol's own way to cancel: a packet on a connection that needs no login, hence no free slot. It goes in clear
 * text, as libpq's did up to version 16, and nobody answers: the server closes the connection when it is done.
 */
export async function sendCancelRequest(
  profile: ConnectionProfile,
  key: BackendKey,
  signal: AbortSignal,
): Promise<void> {
  const packet = Buffer.alloc(16);
  packet.writeInt32BE(16, 0);
  packet.writeInt32BE(80877102, 4);
  packet.writeInt32BE(key.processId, 8);
  packet.writeInt32BE(key.secretKey, 12);
  const socket = await openSocket(profile, signal);
  await new Promise<void>(resolve => {
    signal.addEventListener('abort', () => socket.destroy());
    socket.on('error', () => {});
    socket.once('close', () => resolve());
    socket.resume();
    socket.end(packet);
  });
}

function socketPath(folder: string, port: number): string {
  return folder.startsWith('@') ? `\0${folder.slice(1)}/.s.PGSQL.${port}` : `${folder}/.s.PGSQL.${port}`;
}

function noTls(profile: ConnectionProfile): ClusterError {
  return new ClusterError(
    'tls',
    `The server at ${formatAddress(profile)} does not offer TLS, which sslmode ${profile.sslmode} demands.`,
    {
      next: 'Switch ssl on at the server, or choose sslmode prefer or disable if this network may see the data.',
    },
  );
}

function noPostgres(profile: ConnectionProfile): ClusterError {
  return new ClusterError(
    'unreachable',
    `What listens at ${formatAddress(profile)} does not speak PostgreSQL's protocol.`,
    {
      next: 'Correct host and port.',
    },
  );
}
