import { describe, expect, test } from 'vitest';
import { findCheck } from '../../../src/checks/catalogue';
import { judge, type MadeNode, sideOf } from './readings';

const role = (name: string, changes: object = {}) => ({
  name,
  superuser: false,
  inherit: true,
  createRole: false,
  createDatabase: false,
  login: true,
  replication: false,
  bypassRowSecurity: false,
  connections: -1,
  validUntil: null,
  expired: false,
  bootstrap: false,
  ...changes,
});
const withRoles = (roles: object[], members: object[] = [], versionNum = 150_000): MadeNode => ({
  versionNum,
  answers: { roles: { service: null, roles, members, more: 0 } },
});

describe('roles.attributes', () => {
  const check = findCheck('roles.attributes');

  test('what the coordinator gets reaches the workers; a worker alone is mended there', () => {
    const both = [role('app'), role('other')];
    const source = sideOf(withRoles(both), withRoles(both));
    const all = judge(check, source, sideOf(withRoles([role('app')]), withRoles([role('app')])));
    expect(all.differences.map(({ what, node }) => [what, node])).toEqual([['role other', undefined]]);
    expect(all.remedies).toMatchObject([{ side: 'target', nodes: ['node0:5432'] }]);
    const one = judge(check, source, sideOf(withRoles(both), withRoles([role('app')])));
    expect(one.differences).toEqual([
      { what: 'role other other than on the coordinator (LOGIN)', node: 'node1:5432', target: 'no such role' },
    ]);
    expect(one.remedies).toMatchObject([
      { nodes: ['node1:5432'], sql: expect.stringContaining('citus.enable_ddl_propagation = off') },
    ]);
  });

  test('a role past its validity on both sides is a remark; hostile names stay in their quotes', () => {
    const old = { validUntil: '2020-01-01T00:00:00Z', expired: true };
    const same = sideOf(withRoles([role('app', old)]));
    expect(judge(check, same, same).details).toEqual(['remark: password of app is past its validity on node0:5432']);
    const hostile = role('x"; DROP TABLE t; --\nROLE', { login: false });
    const judged = judge(check, sideOf(withRoles([hostile])), sideOf(withRoles([])));
    expect(judged.remedy).toContain('CREATE ROLE "x""; DROP TABLE t; --\nROLE" NOLOGIN');
    expect(judged.summary).not.toContain('\n');
  });

  test('more roles than are read are unknown', () => {
    const full: MadeNode = { answers: { roles: { service: null, roles: [], members: [], more: 7 } } };
    expect(judge(check, sideOf(full), sideOf(withRoles([])))).toMatchObject({
      verdict: 'unknown',
      unknown: [{ what: '7 more roles are not compared' }],
    });
  });
});

test('options of membership are compared from 16 on, on both sides', () => {
  const member = (inherit: boolean | null) => [{ role: 'readers', member: 'app', admin: false, inherit, set: true }];
  const side = (inherit: boolean | null, versionNum: number) =>
    sideOf(withRoles([role('app')], member(inherit), versionNum));
  const check = findCheck('roles.membership');
  expect(judge(check, side(null, 150_000), side(false, 160_000))).toMatchObject({ verdict: 'pass' });
  const judged = judge(check, side(true, 160_000), side(false, 170_000));
  expect(judged).toMatchObject({ verdict: 'fail' });
  expect(judged.remedies[0]!.sql).toBe('GRANT "readers" TO "app" WITH ADMIN FALSE, INHERIT TRUE, SET TRUE;');
});

test('MAINTAIN of 17 is no difference to a version that has not got it', () => {
  const granted = (versionNum: number, ...privileges: string[]): MadeNode => ({
    versionNum,
    answers: {
      ...withRoles([role('app')]).answers,
      grants: {
        database: 'app',
        more: 0,
        rest: null,
        grants: [
          { kind: 'table', schema: 's', name: 't', part: '', grantee: 'app', privileges, grantable: [], kept: false },
        ],
      },
    },
  });
  const check = findCheck('roles.grants');
  expect(
    judge(check, sideOf(granted(150_000, 'SELECT')), sideOf(granted(170_000, 'MAINTAIN', 'SELECT'))),
  ).toMatchObject({ verdict: 'pass' });
  expect(
    judge(check, sideOf(granted(170_000, 'SELECT')), sideOf(granted(170_000, 'MAINTAIN', 'SELECT'))),
  ).toMatchObject({ verdict: 'fail', remedy: expect.stringContaining('REVOKE MAINTAIN ON TABLE "s"."t" FROM "app";') });
});

test('what is beyond the limit is compared as a whole', () => {
  const clauses = (more: number, rest: string | null) =>
    sideOf({ answers: { functionSettings: { clauses: [], more, rest } } });
  const check = findCheck('settings.functions');
  expect(judge(check, clauses(7, 'a'), clauses(7, 'a'))).toMatchObject({ verdict: 'pass' });
  expect(judge(check, clauses(7, 'a'), clauses(7, 'b'))).toMatchObject({
    verdict: 'unknown',
    unknown: [{ what: expect.stringMatching(/^7 more SET clauses/) }],
  });
});

test('owners: other objects are no matter of owners, and superusers stand for one another', () => {
  const owner = (name: string, changes: object = {}) => ({
    kind: 'tables',
    schema: 's',
    owner: name,
    superuser: false,
    objects: 3,
    digest: 'a',
    first: ['t1', 't2', 't3'],
    ...changes,
  });
  const node = (...owners: object[]) => sideOf({ answers: { owners: { service: null, owners, more: 0 } } });
  const check = findCheck('roles.owners');
  expect(judge(check, node(owner('app')), node(owner('app', { objects: 2, digest: 'b' })))).toMatchObject({
    verdict: 'pass',
  });
  expect(
    judge(check, node(owner('postgres', { superuser: true })), node(owner('admin', { superuser: true }))),
  ).toMatchObject({ verdict: 'pass' });
  expect(judge(check, node(owner('app')), node(owner('app', { objects: 9 }), owner('other')))).toMatchObject({
    verdict: 'fail',
  });
});

test('an md5 password fails where the rules want SCRAM alone', () => {
  const rule = { line: 1, type: 'host', databases: ['all'], users: ['all'], address: '10.0.0.0', error: null };
  const node = (kind: string) =>
    sideOf({ answers: { access: { rules: [{ ...rule, method: 'scram-sha-256' }], passwords: [['app', kind]] } } });
  const judged = judge(findCheck('roles.passwords'), node('scram-sha-256'), node('md5'));
  expect(judged.differences).toEqual([
    { what: 'password of app', source: 'scram-sha-256', target: 'md5, which its rules do not accept' },
  ]);
});
