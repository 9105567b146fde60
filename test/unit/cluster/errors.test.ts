import { expect, test } from 'vitest';
import { ClusterError, type ErrorContext, toViewError } from '../../../src/cluster/errors';
import { redact } from '../../../src/cluster/redact';

const context: ErrorContext = { address: 'db:5432/app', user: 'ada', phase: 'query' };

const server = (code: string, more: object = {}) =>
  Object.assign(new Error('in any language'), { code, severity: 'ERREUR', ...more });
const system = (code: string) => Object.assign(new Error('in any language'), { code });

test.each([
  ['28P01', 'authentication'],
  ['28000', 'authentication'],
  ['3D000', 'database'],
  ['42501', 'privilege'],
  ['42601', 'syntax'],
  ['42P01', 'undefined'],
  ['42P02', 'parameters'],
  ['22P02', 'parameters'],
  ['25006', 'readOnly'],
  ['53300', 'tooManyConnections'],
  ['53200', 'server'],
  ['55P03', 'lockTimeout'],
  ['57P01', 'disconnected'],
  ['57P03', 'starting'],
  ['08006', 'unreachable'],
  ['0A000', 'unsupported'],
  ['XX000', 'server'],
])('SQLSTATE %s is %s', (code, reason) => {
  const error = ClusterError.from(server(code), context);
  expect(error).toMatchObject({ reason, sqlstate: code });
  expect(error.next).toMatch(/\w/);
});

test.each([
  ['ECONNREFUSED', 'unreachable'],
  ['ENOTFOUND', 'unreachable'],
  ['EAI_AGAIN', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENOENT', 'unreachable'],
  ['ETIMEDOUT', 'connectTimeout'],
  ['ECONNRESET', 'unreachable'],
  // Five capital letters, and no SQLSTATE.
  ['EPIPE', 'unreachable'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ['CERT_HAS_EXPIRED', 'tls'],
])('%s while connecting is %s', (code, reason) => {
  const error = ClusterError.from(system(code), { ...context, phase: 'connect' });
  expect(error.reason).toBe(reason);
  expect(error.sqlstate).toBeUndefined();
  expect(error.message).toContain('db:5432/app');
  expect(error.next).toMatch(/\w/);
});

test('all addresses of a name refusing is one refusal', () => {
  const both = new AggregateError([system('ECONNREFUSED'), system('ECONNREFUSED')]);
  expect(ClusterError.from(both, { ...context, phase: 'connect' }).reason).toBe('unreachable');
});

test('a lost connection is told from one that never stood', () => {
  expect(ClusterError.from(system('ECONNRESET'), context).reason).toBe('disconnected');
  expect(ClusterError.from(new Error('Connection terminated unexpectedly'), context).reason).toBe('disconnected');
});

test('57014 is a timeout only when it ran that long', () => {
  const limits = { statementTimeoutMs: 1000 };
  expect(ClusterError.from(server('57014'), { ...context, ...limits, elapsedMs: 1003 }).reason).toBe('timeout');
  const cancelled = ClusterError.from(server('57014'), { ...context, ...limits, elapsedMs: 200 });
  expect(cancelled).toMatchObject({ reason: 'cancelled', message: expect.stringContaining('not by Cutover') });
});

test('keeps what the server said, and leaves out what it did not say', () => {
  const error = ClusterError.from(server('42601', { position: '17', hint: 'Try harder.' }), context);
  expect(toViewError(error)).toEqual({
    reason: 'syntax',
    message: 'in any language',
    sqlstate: '42601',
    position: 17,
    hint: 'Try harder.',
    next: expect.any(String),
  });
});

test.each([
  ['postgresql://ada:hunter2@db/app', 'postgresql://ada:********@db/app'],
  ['could not connect: host=db password=hunter2 port=1', 'could not connect: host=db password=******** port=1'],
  [String.raw`password = 'hun\'ter2' user=ada`, 'password = ******** user=ada'],
  ['?sslpassword=hunter2&x=1', '?sslpassword=********&x=1'],
  ['password authentication failed for user "ada"', 'password authentication failed for user "ada"'],
])('redacts %s', (text, expected) => {
  expect(redact(text)).toBe(expected);
});

test('an error redacts what others wrote', () => {
  const error = ClusterError.from(server('XX000', { detail: 'connection "password=hunter2"' }), context);
  expect(error.detail).not.toContain('hunter2');
});
