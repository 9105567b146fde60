import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../../src/cli/arguments';
import { checkGroups } from '../../../src/cli/compare-groups';

const pair = ['compare', '--source', 'service=a', '--target', 'service=b'];
const parse = (...argv: string[]) => parseArguments(argv, {});

describe('cutover compare', () => {
  it('reads every option', () => {
    expect(
      parse(
        ...pair,
        ...['--source-label', 'A', '--migration', 'eu', '--group', 'Settings', '--group', 'jit', '--group', 'settings'],
        ...['--fail-on', 'low', '--since', 'a.json', '--save', 'b.json', '--remedies', '--statement-timeout', '5000'],
      ),
    ).toEqual({
      command: 'compare',
      uris: { source: { uri: 'service=a', label: 'A' }, target: { uri: 'service=b' } },
      migration: 'eu',
      groups: ['settings', 'jit'],
      failOn: 'low',
      since: 'a.json',
      save: 'b.json',
      format: 'text',
      remedies: true,
      statementTimeoutMs: 5000,
    });
  });

  it('takes clusters from the command line, the environment or the settings, both of them from one place', () => {
    const env = { CUTOVER_SOURCE_URI: 'service=s', CUTOVER_TARGET_URI: 'service=t' };
    expect(parseArguments(['compare'], env)).toMatchObject({ uris: { source: { uri: 'service=s' } }, failOn: 'high' });
    expect(parseArguments(['compare', '--settings', 's.json'], env)).toMatchObject({ uris: undefined });
    expect(parse('compare', '--migration', 'eu')).toMatchObject({ uris: undefined, migration: 'eu' });
  });

  it.each([
    [['--fail-on', 'worst'], '--fail-on takes critical, high, medium, low, info, not "worst"'],
    [['--format', 'junit'], '--format takes text, json, markdown, not "junit"'],
    [['--remedies', '--format', 'json'], '--remedies goes with --format text'],
    [['--save', ''], '--save is empty'],
    [['--settings', 's.json'], 'Give --settings, or --source and --target, not both'],
    [['--since', 'a', '--since', 'b'], '--since is given twice'],
    [['eu.playbook.md'], '"eu.playbook.md" belongs to no option'],
    [['--phase', 'x'], '--phase does not belong to cutover compare'],
  ])('%j is refused', (argv, message) => {
    expect(() => parse(...pair, ...argv)).toThrow(message);
  });

  it('lists the groups there are for one there is not', () => {
    expect(() => checkGroups(['settings', 'jit'])).not.toThrow();
    expect(() => checkGroups(['jit', 'setings'])).toThrow(
      expect.objectContaining({
        message: 'There is no group "setings" of checks.',
        next: expect.stringMatching(/^Do you mean settings\? There are .*\bsettings\b.*\bjit\b/),
      }),
    );
  });
});
