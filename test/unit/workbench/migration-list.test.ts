import { describe, expect, test } from 'vitest';
import { readMigrationList, withMigration, withoutMigration } from '../../../src/workbench/migration-list';

const eu = { name: 'eu', source: { host: 'a' }, target: { host: 'b' } };
const us = { name: 'us', source: { host: 'c' }, target: { host: 'd' } };

describe('reading', () => {
  test('offers both scopes; a workspace entry replaces the user entry of its name', () => {
    const nearer = { ...eu, target: { host: 'nearer' } };
    const { migrations, problems } = readMigrationList({ user: [eu, us], workspace: [nearer] });
    expect(problems).toEqual([]);
    expect(migrations).toEqual([
      { migration: nearer, scope: 'workspace' },
      { migration: us, scope: 'user' },
    ]);
  });

  test('nothing configured is no problem', () => {
    expect(readMigrationList({ user: undefined, workspace: undefined })).toEqual({ migrations: [], problems: [] });
  });

  test('a wrong entry is named and hides no other', () => {
    const { migrations, problems } = readMigrationList({
      user: [{ ...eu, source: { port: 'high', sslmode: 'maybe' } }, us, 7, { name: 'apac', source: {} }],
      workspace: 'eu',
    });
    expect(migrations.map(({ migration }) => migration.name)).toEqual(['us']);
    expect(problems.map(({ message }) => message)).toEqual([
      'cutover.migrations (user settings), eu: source.port must be a number. source.sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full.',
      'cutover.migrations (user settings), entry 3: it must be an object.',
      'cutover.migrations (user settings), apac: target must be an object.',
      'cutover.migrations (workspace settings) must be a list.',
    ]);
  });

  test('a password among the settings is refused, with what to do instead', () => {
    const { migrations, problems } = readMigrationList({
      user: [{ ...eu, source: { host: 'a', password: 'hunter2' } }],
      workspace: undefined,
    });
    expect(migrations).toEqual([]);
    expect(problems).toEqual([{ scope: 'user', message: expect.stringContaining('source.password is unknown') }]);
    expect(problems[0]!.message).toContain('Set Password');
    expect(problems[0]!.message).not.toContain('hunter2');
  });

  test('a name is taken once per scope', () => {
    const { migrations, problems } = readMigrationList({ user: [eu, { ...us, name: 'eu' }], workspace: undefined });
    expect(migrations).toEqual([{ migration: eu, scope: 'user' }]);
    expect(problems).toEqual([
      { scope: 'user', message: 'cutover.migrations (user settings), eu: the name is taken by an earlier entry.' },
    ]);
  });

  test('an empty name is refused', () => {
    expect(readMigrationList({ user: [{ ...eu, name: ' ' }], workspace: undefined }).problems).toHaveLength(1);
  });
});

describe('writing', () => {
  test('appends, replaces by name, renames, and leaves what it does not understand', () => {
    const raw = [{ name: 'eu', odd: true }, 'broken', us];
    expect(withMigration(raw, eu)).toEqual([eu, 'broken', us]);
    expect(withMigration(raw, { ...us, name: 'usa' }, 'us')).toEqual([raw[0], 'broken', { ...us, name: 'usa' }]);
    expect(withMigration(undefined, eu)).toEqual([eu]);
    expect(raw).toEqual([{ name: 'eu', odd: true }, 'broken', us]);
  });

  test('removes by name alone', () => {
    expect(withoutMigration([eu, 'broken', us], 'eu')).toEqual(['broken', us]);
    expect(withoutMigration(undefined, 'eu')).toEqual([]);
  });
});
