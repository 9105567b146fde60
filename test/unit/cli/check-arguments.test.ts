import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../../src/cli/arguments';

const file = 'eu.playbook.md';
const parse = (...argv: string[]) => parseArguments(['check', ...argv], {});
const environment = { CUTOVER_SOURCE_URI: 'service=s', CUTOVER_TARGET_URI: 'service=t' };

describe('arguments of cutover check', () => {
  it('takes a playbook alone', () => {
    const given = { command: 'check', file, lint: false, uris: undefined, ids: [], write: false, format: 'text' };
    expect(parse(file)).toEqual(given);
    expect(parse('--lint', file)).toEqual({ ...given, lint: true });
    expect(parse('--help')).toEqual({ command: 'help', of: 'check' });
  });

  it('reads every option', () => {
    expect(
      parse(
        ...[file, '--source', 'service=a', '--source-label', 'old', '--target', 'service=b', '--migration', 'eu'],
        ...['--id', 'a', '--id=b', '--id', 'a', '--write', '--format', 'junit', '--statement-timeout', '500'],
      ),
    ).toEqual({
      ...{ command: 'check', file, lint: false, ids: ['a', 'b'], write: true, format: 'junit' },
      uris: { source: { uri: 'service=a', label: 'old' }, target: { uri: 'service=b' } },
      ...{ migration: 'eu', statementTimeoutMs: 500 },
    });
    expect(parse(file, '--settings', 's.json', '--phase', ' Go live ')).toMatchObject({
      ...{ settings: 's.json', phase: 'Go live', uris: undefined },
    });
  });

  it('takes URIs from the environment, unless settings are named', () => {
    const uris = { source: { uri: 'service=s' }, target: { uri: 'service=x' } };
    expect(parseArguments(['check', file, '--target', 'service=x'], environment)).toMatchObject({ uris });
    const named = parseArguments(['check', file, '--settings', 's.json'], environment);
    expect(named).toMatchObject({ settings: 's.json', uris: undefined });
    expect(parseArguments(['check', file, '--lint'], environment)).toMatchObject({ lint: true, uris: undefined });
  });

  it.each([
    [[], 'No playbook'],
    [[file, 'us.playbook.md'], '"us.playbook.md" belongs to no option'],
    [[file, '--source', 'service=a'], 'The source is given and the target is not'],
    [[file, '--target', 'service=a'], 'The target is given and the source is not'],
    [[file, '--source-label', 'old'], 'A label goes with --source'],
    [[file, '--source', 'a=b', '--settings', 's.json'], 'Give --settings, or --source and --target'],
    [[file, '--phase', 'x', '--id', 'y'], 'not both'],
    [[file, '--phase', ''], '--phase is empty'],
    [[file, '--format', 'xml'], 'text, json, junit'],
    [[file, '--lint', '--write'], '--write does not go with --lint'],
    [[file, '--lint', '--source', 'a=b'], '--source does not go with --lint'],
    [[file, '--sql', 'SELECT 1'], '--sql does not belong to cutover check'],
    [[file, '--phase', 'a', '--phase', 'b'], '--phase is given twice'],
  ])('%j is refused', (argv, message) => {
    expect(() => parse(...argv)).toThrow(message);
  });

  it('says what is missing of a pair, also when half of it comes from the environment', () => {
    const half = { CUTOVER_SOURCE_URI: 'service=s' };
    expect(() => parseArguments(['check', file], half)).toThrow(
      expect.objectContaining({ next: expect.stringContaining('--target (or CUTOVER_TARGET_URI), too, or neither') }),
    );
  });
});
