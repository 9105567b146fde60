import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../../src/cli/arguments';
import { UsageError } from '../../../src/cli/usage';

const pair = ['explain', '--source', 'service=a', '--target', 'service=b'];
const parse = (...argv: string[]) => parseArguments(argv, {});

const statements = ['statements', '--source', 'service=a', '--target', 'service=b'];

describe('parseArguments', () => {
  it('reads every option', () => {
    expect(
      parse(
        ...pair,
        ...['--source-label', 'A', '--target-label=B', '--migration', 'eu', '--file', 'q.sql', '--line', '12'],
        ...['--param', '1', '--param', 'app=x=y', '--param=-5', '--null', 'b', '--analyze', '--analyze-writes', 'both'],
        ...['--prove', '--runs', '7', '--statement-timeout', '0', '--format', 'json', '--playbook', 'eu.playbook.md'],
      ),
    ).toEqual({
      command: 'explain',
      source: { uri: 'service=a', label: 'A' },
      target: { uri: 'service=b', label: 'B' },
      migration: 'eu',
      statement: { file: 'q.sql', line: 12 },
      parameters: ['1', 'app=x=y', '-5'],
      nulls: ['b'],
      analyze: true,
      analyzeWrites: ['source', 'target'],
      prove: true,
      runs: 7,
      statementTimeoutMs: 0,
      format: 'json',
      playbook: 'eu.playbook.md',
    });
  });

  it('takes URIs from the environment, the command line first', () => {
    const env = { CUTOVER_SOURCE_URI: 'service=s', CUTOVER_TARGET_URI: 'service=t' };
    expect(parseArguments(['explain', '--sql', 'select 1', '--target', 'service=x'], env)).toMatchObject({
      source: { uri: 'service=s' },
      target: { uri: 'service=x' },
      format: 'text',
      analyze: false,
      analyzeWrites: [],
    });
  });

  it('takes SQL that begins with a comment, and negative numbers', () => {
    expect(parse(...pair, '--sql', '-- why\nSELECT $1', '--param', '-5', '--analyze')).toMatchObject({
      statement: { sql: '-- why\nSELECT $1' },
      parameters: ['-5'],
    });
  });

  it('answers --help and --version whatever else is there', () => {
    expect(parse('--help')).toEqual({ command: 'help' });
    expect(parse('help')).toEqual({ command: 'help' });
    expect(parse('explain', '-h')).toEqual({ command: 'help', of: 'explain' });
    expect(parse('statements', '--top', 'x', '--help')).toEqual({ command: 'help', of: 'statements' });
    expect(parse('help', 'statements')).toEqual({ command: 'help', of: 'statements' });
    expect(parse('--version')).toEqual({ command: 'version' });
  });

  it.each([
    [[], 'No command'],
    [['--analyze'], 'No command'],
    [['compares'], 'no command "compares"'],
    [['explain', '--sql', 'x'], '--source is missing'],
    [['explain', '--source', 'a', '--sql', 'x'], '--target is missing'],
    [pair, 'No statement'],
    [[...pair, '--sql', ' '], '--sql is empty'],
    [[...pair, '--sql', 'x', '--file', 'f'], 'not both'],
    [[...pair, '--sql', 'x', '--line', '1'], '--line belongs to --file'],
    [[...pair, '--file', 'f', '--line', '0'], 'from 1 on'],
    [[...pair, '--file', 'f', '--line', '1e3'], 'whole number'],
    [[...pair, '--sql', 'x', '--format', 'xml'], 'text, json, markdown'],
    [[...pair, '--sql', 'x', '--analyze-writes', 'target'], 'needs --analyze'],
    [[...pair, '--sql', 'x', '--analyze', '--analyze-writes', 'all'], 'source, target or both'],
    [[...pair, '--sql', 'x', '--prove'], '--prove needs --analyze'],
    [[...pair, '--sql', 'x', '--analyze', '--runs', '5'], '--runs belongs to --prove'],
    [[...pair, '--sql', 'x', '--analyze', '--prove', '--runs', '3'], 'from 4 on'],
    [[...pair, '--sql', 'x', '--sql', 'y'], '--sql is given twice'],
    [[...pair, '--sql', 'x', 'y'], '"y" belongs to no option'],
    [[...pair, '--sqll', 'x'], '--sqll'],
    [[...pair, '--sql'], '--sql'],
    [[...pair, '--sql', '--analyze'], '--sql'],
    [[...pair, '--file', '-x'], '--file'],
    [[...pair, '--sql', 'x', '--analyze=yes'], '--analyze'],
    [[...pair, '--sql', 'x', '--playbook', ''], '--playbook'],
    [[...pair, '--sql', 'x', '--statement-timeout', '-1'], '--statement-timeout'],
  ])('refuses %j', (argv, message) => {
    expect(() => parse(...argv)).toThrow(UsageError);
    expect(() => parse(...argv)).toThrow(message);
  });

  it('reads every option of statements', () => {
    expect(
      parse(
        ...['statements', '--source-snapshot', 'old.json', '--target', 'service=b', '--migration', 'eu', '--writes'],
        ...['--source-label', 'A', '--target-label=B', '--source-since', 'older.json', '--target-since', 'b0.json'],
        ...['--save-target', 'b1.json', '--top', '7', '--format', 'csv', '--statement-timeout', '0'],
      ),
    ).toEqual({
      command: 'statements',
      uris: { target: { uri: 'service=b', label: 'B' } },
      labels: { source: 'A', target: 'B' },
      snapshots: { source: 'old.json' },
      since: { source: 'older.json', target: 'b0.json' },
      save: { target: 'b1.json' },
      migration: 'eu',
      top: 7,
      only: 'write',
      format: 'csv',
      statementTimeoutMs: 0,
    });
  });

  it('shows people twenty statements and programs all', () => {
    const topOf = (format: string) => parse(...statements, '--format', format);
    expect(['text', 'markdown', 'json', 'csv'].map(topOf)).toMatchObject([
      { top: 20 },
      { top: 20 },
      { top: Number.POSITIVE_INFINITY },
      { top: Number.POSITIVE_INFINITY },
    ]);
  });

  it('lets a snapshot stand in for the URI of the environment', () => {
    const env = { CUTOVER_SOURCE_URI: 'service=s', CUTOVER_TARGET_URI: 'service=t' };
    expect(parseArguments(['statements', '--source-snapshot', 'a.json'], env)).toMatchObject({
      uris: { target: { uri: 'service=t' } },
      snapshots: { source: 'a.json' },
    });
  });

  it.each([
    [['statements', '--source', 'a'], '--target is missing'],
    [[...statements, '--sql', 'x'], '--sql does not belong to cutover statements'],
    [[...pair, '--sql', 'x', '--top', '3'], '--top does not belong to cutover explain'],
    [[...statements, 'x'], '"x" belongs to no option'],
    [[...statements, '--writes', '--reads'], '--writes or --reads'],
    [[...statements, '--format', 'xml'], 'text, json, markdown, csv'],
    [[...statements, '--top', '0'], 'from 1 on'],
    [[...statements, '--source-snapshot', 'a.json'], '--source or --source-snapshot, not both'],
    [['statements', '--source', 'a', '--target-snapshot', 'b', '--save-target', 'c'], '--save-target writes a live'],
    [[...statements, '--source-since', ''], '--source-since needs the name of a file'],
    [[...statements, '--save-source', 'a', '--save-target', 'a'], 'the same file'],
  ])('refuses %j', (argv, message) => {
    expect(() => parse(...argv)).toThrow(UsageError);
    expect(() => parse(...argv)).toThrow(message);
  });

  it.each([
    [[...statements, '--top', '0'], 'cutover statements --help'],
    [[...pair, '--sqll', 'x'], 'cutover explain --help'],
    [['--nonsense'], 'cutover --help'],
  ])('names the help that tells more after %j', (argv, next) => {
    expect(() => parse(...argv)).toThrow(expect.objectContaining({ next: `See ${next}.` }));
  });
});
