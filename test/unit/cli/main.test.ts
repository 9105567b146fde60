import { describe, expect, it } from 'vitest';
import { main } from '../../../src/cli/main';
import { usageOf } from '../../../src/cli/usage';

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function run(argv: string[], stdin: AsyncIterable<Uint8Array> = nothing()) {
  const written = { stdout: '', stderr: '' };
  const output = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const around = {
    stdin,
    stdout: output('stdout'),
    stderr: output('stderr'),
    env: {},
    signal: new AbortController().signal,
  };
  return { code: await main(argv, around), ...written };
}

const pair = ['explain', '--source', 'service=a', '--target', 'service=b'];

describe('main', () => {
  it('answers --help and --version', async () => {
    expect(await run(['--help'])).toEqual({ code: 0, stdout: usageOf(), stderr: '' });
    expect(await run(['help', 'explain'])).toEqual({ code: 0, stdout: usageOf('explain'), stderr: '' });
    expect(await run(['statements', '-h'])).toEqual({ code: 0, stdout: usageOf('statements'), stderr: '' });
    expect(await run(['help', 'check'])).toEqual({ code: 0, stdout: usageOf('check'), stderr: '' });
    expect(await run(['--version'])).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^cutover \d+\.\d+\.\d+\n$/),
      stderr: '',
    });
  });

  it('says what was wrong and what to do, on standard error', async () => {
    expect(await run([])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'cutover: No command given.\n  Run cutover --help.\n',
    });
  });

  it('shows neither passwords nor controls of what it was given', async () => {
    const { code, stderr } = await run(['explain', 'postgresql://u:topsecret@h/\u001b[2J']);
    expect(code).toBe(2);
    expect(stderr).toContain('postgresql://u:********@h/␛[2J');
    const uri = await run(['explain', '--source', 'mysql://u:topsecret@h', '--target', 'x', '--sql', 'SELECT 1']);
    expect(uri.code).toBe(2);
    expect(uri.stderr).toContain('--source: A URI that begins with mysql://');
    expect(uri.stderr).not.toContain('topsecret');
  });

  it('refuses files it cannot read as SQL', async () => {
    const missing = await run([...pair, '--file', '/no/such.sql']);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no such file') });
    async function* latin1() {
      yield Buffer.from([0x53, 0xfc]);
    }
    const encoded = await run([...pair, '--file', '-'], latin1());
    expect(encoded).toMatchObject({ code: 2, stderr: expect.stringContaining('not UTF-8') });
  });

  it('calls a defect a defect', async () => {
    // biome-ignore lint/correctness/useYield: it fails before the first
    async function* broken(): AsyncGenerator<Uint8Array> {
      throw new TypeError('unforeseen');
    }
    const { code, stderr } = await run([...pair, '--file', '-'], broken());
    expect(code).toBe(70);
    expect(stderr).toContain('a defect in Cutover');
    expect(stderr).toContain('unforeseen');
  });
});
