import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parseConnectionUri } from '../../../src/cluster/connection-uri';
import { ClusterError } from '../../../src/cluster/errors';

describe('parseConnectionUri', () => {
  test.each([
    ['postgresql://', {}],
    ['postgres://db.example.com', { host: 'db.example.com' }],
    ['postgresql://ada@db:6432/app', { user: 'ada', host: 'db', port: 6432, database: 'app' }],
    ['POSTGRESQL://db/app', { host: 'db', database: 'app' }],
    [
      'postgresql:///app?host=/var/run/postgresql&port=5433',
      { host: '/var/run/postgresql', port: 5433, database: 'app' },
    ],
    ['postgresql://%2Ftmp%2Fpg/app', { host: '/tmp/pg', database: 'app' }],
    ['postgresql://[::1]:5433/app', { host: '::1', port: 5433, database: 'app' }],
    ['postgresql://a%40b@db/my%20app', { user: 'a@b', host: 'db', database: 'my app' }],
    [
      'postgresql://db/app?sslmode=verify-full&sslrootcert=%2Fca.pem',
      { host: 'db', database: 'app', sslmode: 'verify-full', sslrootcert: '/ca.pem' },
    ],
    ['postgresql://db/app?ssl=true', { host: 'db', database: 'app', sslmode: 'require' }],
    ['postgresql:///?service=eu-source', { service: 'eu-source' }],
    ['host=db port=6432 dbname=app user=ada', { host: 'db', port: 6432, database: 'app', user: 'ada' }],
    [String.raw`dbname = 'my \'app\'' host=/tmp`, { database: "my 'app'", host: '/tmp' }],
  ])('%s', (uri, settings) => {
    expect(parseConnectionUri(uri)).toEqual({ settings, ignored: [] });
  });

  test.each([
    ['postgresql://ada:p%40ss%3A%2F@db/app', 'p@ss:/'],
    // Pasted without its @ being encoded.
    ['postgresql://ada:p@ss@db/app', 'p@ss'],
    ['postgresql://db/app?user=ada&password=a%26b', 'a&b'],
    [String.raw`host=db password='it\'s \\ me'`, String.raw`it's \ me`],
    ['host=db password=plain', 'plain'],
  ])('finds the password in %s', (uri, password) => {
    const parsed = parseConnectionUri(uri);
    expect(parsed.password).toBe(password);
    expect(parsed.settings).toMatchObject({ host: 'db' });
    expect(JSON.stringify(parsed.settings)).not.toContain(password);
  });

  test('says which parameters have no effect', () => {
    expect(
      parseConnectionUri('postgresql://db?connect_timeout=3&application_name=x&target_session_attrs=any').ignored,
    ).toEqual(['connect_timeout', 'application_name', 'target_session_attrs']);
  });

  test.each([
    ['', 'empty'],
    ['mysql://ada:hunter2@db/app', 'mysql://'],
    ['db.example.com', 'neither'],
    ['postgresql://ada:hunter2@a:1,b:2/app', 'several hosts'],
    ['host=a,b password=hunter2', 'several hosts'],
    ['postgresql://ada:hunter2@db:99999/app', 'port'],
    ['postgresql://ada:hunter2%@db/app', 'percent-encoded'],
    ['postgresql://ada:hunter2@db/app?sslmode=maybe', 'sslmode'],
    ['postgresql://ada:hunter2@db/app?colour=red', 'colour'],
    ['postgresql://ada:hunter2@db/app?options=-csearch_path%3Dx', 'options'],
    ['postgresql://ada:hunter2@db/app?target_session_attrs=read-write', 'target_session_attrs'],
    ['postgresql://ada:hunter2@db/app?channel_binding=require', 'channel_binding'],
    ["host=db password='hunter2", 'character 9'],
    ['host=db password = hunter2 oops', 'character'],
  ])('refuses %s and keeps the password to itself', (uri, part) => {
    let error: unknown;
    try {
      parseConnectionUri(uri);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ClusterError);
    expect(error).toMatchObject({ reason: 'uri', message: expect.stringContaining(part) });
    expect((error as ClusterError).next).not.toBe('');
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter2');
  });
});
