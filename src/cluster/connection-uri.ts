import { type ConnectionSettings, sslModes } from '../shared/migration';
import { ClusterError } from './errors';

export interface ParsedConnection {
  settings: ConnectionSettings;
  password?: string;
  /** libpq parameters that were given and have no effect here. */
  ignored: string[];
}

const examples = 'Write postgresql://user@host:5432/database?sslmode=verify-full, or host=… port=… dbname=… user=….';

/**
 * Cuts a `postgresql://` URI or a `key=value` DSN apart, by libpq's rules (PostgreSQL documentation, "Connection
 * Strings"). Throws a {@link ClusterError} with reason `uri`; its message never holds the text, which may hold a password.
 */
export function parseConnectionUri(text: string): ParsedConnection {
  const trimmed = text.trim();
  if (trimmed === '') throw uriError('The connection string is empty.', examples);
  const scheme = /^postgres(?:ql)?:\/\//i.exec(trimmed)?.[0];
  if (scheme) return fromParameters(parseUri(trimmed.slice(scheme.length)));
  const other = /^([a-z][a-z0-9+.-]*):\/\//i.exec(trimmed)?.[1];
  if (other) throw uriError(`A URI that begins with ${other}:// does not name a PostgreSQL server.`, examples);
  if (!trimmed.includes('=')) throw uriError('This is neither a postgresql:// URI nor key=value pairs.', examples);
  return fromParameters(parseDsn(trimmed));
}

/** `[user[:password]@][host[:port]][/database][?parameter=value&…]`, every part percent-encoded. */
function parseUri(rest: string): Map<string, string> {
  const parameters = new Map<string, string>();
  const [beforeFragment = ''] = rest.split('#', 1);
  const question = beforeFragment.indexOf('?');
  const query = question < 0 ? '' : beforeFragment.slice(question + 1);
  const main = question < 0 ? beforeFragment : beforeFragment.slice(0, question);
  const slash = main.indexOf('/');
  const authority = slash < 0 ? main : main.slice(0, slash);
  // The last @ ends the user info: a password is often pasted without its @ being encoded.
  const at = authority.lastIndexOf('@');
  if (at >= 0) {
    const userInfo = authority.slice(0, at);
    const colon = userInfo.indexOf(':');
    setDecoded(parameters, 'user', colon < 0 ? userInfo : userInfo.slice(0, colon), 'user name');
    if (colon >= 0) setDecoded(parameters, 'password', userInfo.slice(colon + 1), 'password');
  }
  const hostPort = authority.slice(at + 1);
  if (hostPort.includes(',')) throw severalHosts();
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::([^:]*))?$/.exec(hostPort);
  if (!match) throw uriError('The host of the URI cannot be read.', 'Write an IPv6 address in brackets: [::1]:5432.');
  setDecoded(parameters, 'host', match[1]!.replace(/^\[|\]$/g, ''), 'host');
  setDecoded(parameters, 'port', match[2] ?? '', 'port');
  if (slash >= 0) setDecoded(parameters, 'dbname', main.slice(slash + 1), 'database');
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    if (equals < 1) throw uriError('A parameter of the URI has no value.', 'Write parameters as name=value.');
    const name = decode(pair.slice(0, equals), 'parameter name');
    parameters.set(name === 'ssl' ? 'sslmode' : name, uriValue(name, decode(pair.slice(equals + 1), name)));
  }
  return parameters;
}

/** JDBC's `ssl=true` means sslmode=require to libpq. */
function uriValue(name: string, value: string): string {
  if (name !== 'ssl') return value;
  if (value === 'true') return 'require';
  throw uriError(`ssl=${value} has no meaning here.`, 'Use the parameter sslmode.');
}

function setDecoded(parameters: Map<string, string>, name: string, encoded: string, what: string): void {
  if (encoded !== '') parameters.set(name, decode(encoded, what));
}

function decode(encoded: string, what: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(encoded);
  } catch {
    throw uriError(
      `The ${what} in the URI is not percent-encoded properly.`,
      'Write a percent sign as %25, and characters such as @ : / ? # by their codes.',
    );
  }
  if (decoded.includes('\0')) throw uriError(`The ${what} in the URI holds a zero byte.`, 'Remove %00.');
  return decoded;
}

/** `key = value` pairs; values may stand in single quotes; backslash escapes quote and backslash. */
function parseDsn(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  const pair = /\s*([A-Za-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)/gsy;
  while (pair.lastIndex < text.length) {
    const start = text.length - text.slice(pair.lastIndex).trimStart().length;
    const match = pair.exec(text);
    if (!match)
      throw uriError(
        `The connection string cannot be read from character ${start + 1} on.`,
        "Write key=value pairs; put a value with spaces in single quotes: password='a b'.",
      );
    parameters.set(match[1]!.toLowerCase(), (match[2] ?? match[3] ?? '').replace(/\\(.)/gs, '$1'));
  }
  return parameters;
}

/** Parameters of libpq that change nothing Cutover does, or that it sets itself. */
const harmless = new Set([
  'application_name',
  'fallback_application_name',
  'client_encoding',
  'connect_timeout',
  'gssdelegation',
  'gssencmode',
  'gsslib',
  'keepalives',
  'keepalives_count',
  'keepalives_idle',
  'keepalives_interval',
  'krbsrvname',
  'load_balance_hosts',
  'max_protocol_version',
  'min_protocol_version',
  'sslcompression',
  'sslnegotiation',
  'sslsni',
  'tcp_user_timeout',
]);

/** Parameters that would change what is connected to, or how safely, and that Cutover cannot honour. */
const refused: Record<string, string> = {
  channel_binding: 'Leave it out.',
  hostaddr: 'Give the address as host, and sslmode verify-ca instead of verify-full.',
  options: 'Set it for the role (ALTER ROLE … SET …), in a pg_service.conf entry, or in PGOPTIONS.',
  passfile: 'Set PGPASSFILE instead.',
  replication: 'Leave it out: Cutover runs SQL.',
  require_auth: 'Leave it out, or restrict the methods in pg_hba.conf of the server.',
  requirepeer: 'Leave it out.',
  sslcertmode: 'Leave it out.',
  sslcrl: 'Leave it out: Cutover does not read revocation lists.',
  sslcrldir: 'Leave it out: Cutover does not read revocation lists.',
  sslpassword: 'Use a client key without a passphrase, readable by you alone.',
  ssl_max_protocol_version: 'Leave it out.',
  ssl_min_protocol_version: 'Leave it out: TLS 1.2 is the least in any case.',
  target_session_attrs: 'Leave it out and give the host of the server you mean.',
};

function fromParameters(parameters: Map<string, string>): ParsedConnection {
  const settings: ConnectionSettings = {};
  const parsed: ParsedConnection = { settings, ignored: [] };
  for (const [name, value] of parameters) {
    if (value === '') continue;
    switch (name) {
      case 'host':
        if (value.includes(',')) throw severalHosts();
        settings.host = value;
        break;
      case 'port':
        settings.port = parsePort(value);
        break;
      case 'dbname':
        settings.database = value;
        break;
      case 'user':
      case 'service':
      case 'sslrootcert':
      case 'sslcert':
      case 'sslkey':
        settings[name] = value;
        break;
      case 'password':
        parsed.password = value;
        break;
      case 'sslmode': {
        const mode = sslModes.find(known => known === value);
        if (!mode) throw uriError('The sslmode is unknown.', `Use one of ${sslModes.join(', ')}.`);
        settings.sslmode = mode;
        break;
      }
      default:
        if (harmless.has(name) || (name === 'channel_binding' && value !== 'require')) parsed.ignored.push(name);
        else if (name === 'target_session_attrs' && value === 'any') parsed.ignored.push(name);
        else if (Object.hasOwn(refused, name))
          throw uriError(`The connection parameter ${name} is not supported.`, refused[name]!);
        else throw uriError(`There is no connection parameter "${name.slice(0, 64)}".`, examples);
    }
  }
  return parsed;
}

function parsePort(text: string): number {
  if (text.includes(',')) throw severalHosts();
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65535)
    throw uriError('The port is not a number from 1 to 65535.', 'Correct the port.');
  return port;
}

function severalHosts(): ClusterError {
  return uriError(
    'The connection string names several hosts.',
    'Give one host: a side is exactly one cluster, and a plan must come from a known server.',
  );
}

function uriError(message: string, next: string): ClusterError {
  return new ClusterError('uri', message, { next });
}
