import type { ClusterErrorReason, ErrorContext, ServerError } from './errors';

interface Description {
  reason: ClusterErrorReason;
  next: string;
  /** Only where the server's own words need company. */
  message?: string;
}

const again = 'Run the command again: it reconnects.';

/** By full SQLSTATE (PostgreSQL documentation, appendix "PostgreSQL Error Codes"). */
const bySqlstate: Record<string, Description> = {
  '28P01': { reason: 'authentication', next: 'Enter the password again, or correct the user name.' },
  '3D000': { reason: 'database', next: 'Correct the database name of this side in the setting cutover.migrations.' },
  '42501': { reason: 'privilege', next: 'Ask for the missing privilege, or connect with a role that has it.' },
  '53300': {
    reason: 'tooManyConnections',
    next: 'Wait for connections to be closed, or raise max_connections or the limit of this role; then run again.',
  },
  '57P03': { reason: 'starting', next: 'Wait until the server accepts connections, then run the command again.' },
  '57P01': { reason: 'disconnected', next: again },
  '57P02': { reason: 'disconnected', next: again },
  '57P05': { reason: 'disconnected', next: again },
  '25P03': { reason: 'disconnected', next: again },
  '55P03': {
    reason: 'lockTimeout',
    next: 'Find who holds the lock (pg_blocking_pids), or raise the setting cutover.lockTimeoutMs.',
  },
  '25006': {
    reason: 'readOnly',
    next: 'The statement writes: run Explain Analyze and confirm the write for this side, or use plain Explain.',
  },
  '0A000': { reason: 'unsupported', next: 'The server cannot do this: simplify the statement or explain its parts.' },
  '42601': { reason: 'syntax', next: 'Correct the statement at the marked position.' },
  '42P02': { reason: 'parameters', next: 'Give a value for every parameter.' },
  '42P18': { reason: 'parameters', next: 'Tell the server the type of the parameter, as in $1::bigint.' },
  '26000': { reason: 'undefined', next: 'Explain the text of the prepared statement instead of EXECUTE.' },
  '40P01': { reason: 'server', next: 'A deadlock: run the command again.' },
  '08P01': { reason: 'server', next: 'A pooler or proxy in between refused this: connect to the server directly.' },
};

const check = 'Check that it exists on this side and that the schema is in the search_path of this role.';
for (const undefinedObject of ['42P01', '42703', '42883', '42704', '3F000', '42P10'])
  bySqlstate[undefinedObject] = { reason: 'undefined', next: check };

/** By SQLSTATE class, the first two characters. */
const byClass: Record<string, Description> = {
  '08': {
    reason: 'unreachable',
    next: 'Look at the nodes in the Clusters view: the coordinator could not reach one of them.',
  },
  '22': { reason: 'parameters', next: 'Check the values in the statement and of its parameters.' },
  '28': {
    reason: 'authentication',
    next: "Check user, sslmode and the server's pg_hba.conf: it does not let this user in this way.",
  },
  '42': { reason: 'syntax', next: 'Correct the statement at the marked position.' },
  '53': { reason: 'server', next: 'The server is short of a resource: look at its log before running this again.' },
  '57': { reason: 'disconnected', next: again },
  '58': { reason: 'server', next: "The server has a problem with its system: look at the server's log." },
};

/**
 * Reason and next step of an error the server sent. SQLSTATE 57014 stands for three things; who asked and how long it
 * ran tell them apart, as the message may be in any language.
 */
export function describeSqlstate(error: ServerError, context: ErrorContext): Description {
  if (error.code === '57014') return describeCancel(context);
  if (error.code.startsWith('08') && context.phase === 'connect')
    return bySqlstate[error.code] ?? { reason: 'unreachable', next: again };
  if (error.code === '28P01') return { ...bySqlstate['28P01']!, message: `${error.message} (${context.address})` };
  return (
    bySqlstate[error.code] ??
    byClass[error.code.slice(0, 2)] ?? { reason: 'server', next: "Read the server's message; its log may say more." }
  );
}

function describeCancel(context: ErrorContext): Description {
  if (context.cancelRequested)
    return { reason: 'cancelled', next: 'Run it again when you need it.', message: 'Cancelled.' };
  const limit = context.statementTimeoutMs ?? 0;
  if (limit > 0 && (context.elapsedMs ?? 0) >= limit)
    return {
      reason: 'timeout',
      message: `The statement ran into the statement timeout of ${limit} ms.`,
      next: 'Raise the setting cutover.statementTimeoutMs, or use plain Explain, which does not execute.',
    };
  return {
    reason: 'cancelled',
    message: `The statement was cancelled on the server (${context.address}), not by Cutover.`,
    next: 'Ask who cancelled it (pg_cancel_backend, a failover, a lower timeout at a pooler), then run it again.',
  };
}

const tlsCodes = /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH$|EPROTO$)/;

/** Reason and next step of an error of the network, the operating system or TLS, by its code. */
export function describeNodeError(
  code: string | undefined,
  text: string,
  context: ErrorContext,
): Description & { message: string } {
  const { address } = context;
  switch (code) {
    case 'ECONNREFUSED':
      return {
        reason: 'unreachable',
        message: `Nothing listens at ${address} (connection refused).`,
        next: 'Start the server, or correct host and port.',
      };
    case 'ENOENT':
    case 'ENOTSOCK':
      return {
        reason: 'unreachable',
        message: `There is no server socket for ${address}.`,
        next: 'Start the server, or correct the socket folder and port.',
      };
    case 'EACCES':
      return {
        reason: 'unreachable',
        message: `This user may not open the server socket of ${address}.`,
        next: 'Connect over TCP (host localhost), or have the permissions of the socket changed.',
      };
    case 'ENOTFOUND':
      return {
        reason: 'unreachable',
        message: `The host name of ${address} is unknown (no DNS entry).`,
        next: 'Correct the host name, or connect the VPN that knows it.',
      };
    case 'EAI_AGAIN':
      return {
        reason: 'unreachable',
        message: `The host name of ${address} could not be resolved: DNS does not answer.`,
        next: 'Check the network connection, then run the command again.',
      };
    case 'ETIMEDOUT':
      return {
        reason: context.phase === 'connect' ? 'connectTimeout' : 'disconnected',
        message: `${address} does not answer (timed out).`,
        next: 'Check firewall, VPN and host; a server behind a closed port does not answer either.',
      };
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return {
        reason: 'unreachable',
        message: `There is no network route to ${address}.`,
        next: 'Connect the VPN or network that reaches this host.',
      };
  }
  if (code && tlsCodes.test(code)) return describeTls(code, text, address);
  if (context.phase === 'connect')
    return {
      reason: 'unreachable',
      message: `The connection to ${address} was closed before the login was complete${code ? ` (${code})` : ''}.`,
      next: 'Check that a PostgreSQL server listens there, and its log for why it closed the connection.',
    };
  return {
    reason: 'disconnected',
    message: `The connection to ${address} was lost${code ? ` (${code})` : ''}.`,
    next: again,
  };
}

function describeTls(code: string, text: string, address: string): Description & { message: string } {
  const message = `TLS to ${address} failed: ${text} (${code}).`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return {
      reason: 'tls',
      message,
      next: 'Use the host name the certificate is made for, or sslmode verify-ca if you know why it differs.',
    };
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return {
      reason: 'tls',
      message,
      next: "Have the server's certificate renewed, and check the clock of this machine.",
    };
  if (/SELF_SIGNED|UNABLE_TO/.test(code))
    return {
      reason: 'tls',
      message,
      next: 'Give the certificate of the authority that signed it as sslrootcert.',
    };
  return { reason: 'tls', message, next: 'Check sslmode, sslrootcert, sslcert and sslkey of this side.' };
}
