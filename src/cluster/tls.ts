import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as tls from 'node:tls';
import type { ServerCertificate } from '../checks/check';
import type { ConnectionProfile } from './connection';
import { ClusterError } from './errors';

/**
 * TLS options with libpq's meanings (PostgreSQL documentation, "SSL Support"):
 * - the chain is verified when a root certificate file is given or stands in ~/.postgresql/root.crt, whatever the mode;
 *   so `require` with such a file behaves like verify-ca;
 * - `verify-ca` and `verify-full` fail without one; only `verify-full` compares the host name;
 * - `sslrootcert=system` trusts what the operating system trusts.
 * Throws a {@link ClusterError} with reason `tls` when a file is missing or a key is readable by others.
 */
export async function tlsOptions(profile: ConnectionProfile): Promise<tls.ConnectionOptions> {
  const { sslmode } = profile;
  const options: tls.ConnectionOptions = { minVersion: 'TLSv1.2' };
  const roots = await rootCertificates(profile);
  if (roots) options.ca = roots;
  options.rejectUnauthorized = roots !== undefined;
  if (sslmode !== 'verify-full') options.checkServerIdentity = () => undefined;
  const client = await clientCertificate(profile);
  if (client) Object.assign(options, client);
  return options;
}

async function rootCertificates(profile: ConnectionProfile): Promise<string[] | undefined> {
  if (profile.sslrootcert === 'system') return systemCertificates();
  const file = profile.sslrootcert ?? defaultFile('root.crt');
  const text = await readOptional(file);
  if (text !== undefined) return splitPem(text);
  if (profile.sslmode === 'verify-ca' || profile.sslmode === 'verify-full')
    throw tlsError(
      `The root certificate file ${file} does not exist, so the server's certificate cannot be verified.`,
      'Provide the file, use sslrootcert=system with verify-full, or choose a weaker sslmode if you may.',
    );
  return undefined;
}

/** `ca` takes one certificate per entry reliably; a bundle file holds many. */
function splitPem(text: string): string[] {
  const certificates = text.match(/-----BEGIN [A-Z ]*CERTIFICATE-----[\s\S]*?-----END [A-Z ]*CERTIFICATE-----/g);
  return certificates ?? [text];
}

/** OpenSSL's default store: SSL_CERT_FILE, Node's own reading of the system store where it has one, the usual bundles. */
async function systemCertificates(): Promise<string[]> {
  const named = process.env.SSL_CERT_FILE;
  if (named) {
    const text = await readOptional(named);
    if (text !== undefined) return splitPem(text);
  }
  // Node 22.15 and later.
  const { getCACertificates } = tls as { getCACertificates?: (type: 'system') => string[] };
  const fromSystem = getCACertificates?.('system') ?? [];
  if (fromSystem.length > 0) return fromSystem;
  for (const bundle of [
    '/etc/ssl/certs/ca-certificates.crt',
    '/etc/pki/tls/certs/ca-bundle.crt',
    '/etc/ssl/ca-bundle.pem',
    '/etc/ssl/cert.pem',
  ]) {
    const text = await readOptional(bundle);
    if (text !== undefined) return splitPem(text);
  }
  return [...tls.rootCertificates];
}

async function clientCertificate(profile: ConnectionProfile): Promise<{ cert: string; key: string } | undefined> {
  const certFile = profile.sslcert ?? defaultFile('postgresql.crt');
  const cert = await readOptional(certFile);
  if (cert === undefined) {
    if (profile.sslcert)
      throw tlsError(`The client certificate ${certFile} does not exist.`, 'Correct sslcert, or leave it out.');
    return undefined;
  }
  const keyFile = profile.sslkey ?? defaultFile('postgresql.key');
  await refuseOpenKey(keyFile);
  const key = await readOptional(keyFile);
  if (key === undefined)
    throw tlsError(
      `The client certificate ${certFile} has no private key: ${keyFile} does not exist.`,
      'Give the key file as sslkey.',
    );
  return { cert, key };
}

/** A key must be the user's alone (0600), or root's and readable by its group (0640), as in libpq. */
async function refuseOpenKey(file: string): Promise<void> {
  if (process.platform === 'win32' || !existsSync(file)) return;
  const { mode, uid } = await stat(file);
  if ((mode & (uid === 0 ? 0o037 : 0o077)) !== 0)
    throw tlsError(
      `The private key ${file} has group or world access.`,
      'Run chmod 0600 on it (0640 if it belongs to root).',
    );
}

function defaultFile(name: string): string {
  return process.platform === 'win32'
    ? join(process.env.APPDATA ?? homedir(), 'postgresql', name)
    : join(process.env.HOME ?? homedir(), '.postgresql', name);
}

async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw tlsError(`The file ${file} cannot be read (${code}).`, 'Correct the path or the permissions of the file.');
  }
}

function tlsError(message: string, next: string): ClusterError {
  return new ClusterError('tls', message, { next });
}

/** What the server showed at the handshake; undefined for a stream without TLS. */
export function certificateOf(stream: Socket, host: string): ServerCertificate | undefined {
  if (!(stream instanceof tls.TLSSocket)) return undefined;
  const certificate = stream.getPeerCertificate();
  // Empty where none was shown.
  const validTo = Date.parse(certificate.valid_to);
  if (Number.isNaN(validTo)) return undefined;
  const mismatch = tls.checkServerIdentity(host, certificate)?.message;
  return { validTo: new Date(validTo).toISOString(), ...(mismatch === undefined ? {} : { mismatch }) };
}
