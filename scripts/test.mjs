/**
 * Runs everything that must hold: `npm test`, or parts of it: `npm test -- unit cluster`. Goes on after a failure, says
 * aloud what it skipped and why, and ends with the sum over all tests.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDependencies, ensureSystem } from './ensure.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const results = join(root, 'test-results');

const bin = name => join('node_modules', '.bin', name);
const node = (...args) => [process.execPath, ...args];
const parts = [
  { name: 'lint', commands: [[bin('biome'), 'ci', ...(process.stdout.isTTY ? [] : ['--colors=off']), '.']] },
  {
    name: 'types',
    commands: [
      [bin('tsc'), '--noEmit'],
      [bin('tsc'), '--noEmit', '-p', 'webview'],
    ],
  },
  { name: 'build', commands: [node('scripts/build.mjs')] },
  { name: 'unit', vitest: true },
  { name: 'cluster', vitest: true, after: 'build', needs: ['postgres', ...(process.env.CI ? ['pooler'] : [])] },
  { name: 'webview', vitest: true, after: 'build', needs: ['chromium'] },
  { name: 'package', commands: [node('scripts/package.mjs')] },
  { name: 'host', vitest: true, after: 'package', needs: ['postgres', 'chromium', 'compiler'] },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter(name => !parts.some(part => part.name === name));
if (unknown.length > 0) {
  console.error(`There is no part "${unknown[0]}"; there are ${parts.map(part => part.name).join(', ')}.`);
  process.exit(2);
}
const isWanted = name => wanted.length === 0 || wanted.includes(name);
const selected = parts.filter(
  ({ name }) => isWanted(name) || parts.some(part => isWanted(part.name) && part.after === name),
);

ensureDependencies();
// What stops nothing where it is missing: the tests run on the servers that npm brings, and those of a pooler are skipped.
const dispensable = ['postgres', 'pooler'];
const required = new Set(selected.flatMap(part => part.needs ?? []));
const missing = {};
for (const need of required) [missing[need]] = await ensureSystem([need]);
rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });

const total = { passed: 0, failed: 0, skipped: 0 };
const report = [];
const failures = [];
for (const part of selected) {
  const obstacle = (part.needs ?? [])
    .filter(need => !dispensable.includes(need))
    .map(need => missing[need])
    .find(Boolean);
  const startedAt = Date.now();
  const outcome = obstacle
    ? { skipped: 1, why: obstacle }
    : part.vitest
      ? runTests(part.name)
      : runCommands(part.commands);
  for (const key of Object.keys(total)) total[key] += outcome[key] ?? 0;
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  failures.push(...(outcome.failures ?? []));
  report.push(`${verdict(outcome).padEnd(8)} ${part.name.padEnd(8)} ${seconds.padStart(6)} s  ${outcome.why ?? ''}`);
}
for (const need of dispensable) if (missing[need]) report.push(`NOTE     ${missing[need]}`);

// Last of all: of a long log the end is what is kept.
if (failures.length > 0) console.log(`\n${failures.join('\n')}`);
console.log(`\n${report.join('\n')}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;

function verdict({ failed, passed, skipped }) {
  if (failed) return 'FAILED';
  return skipped && !passed ? 'SKIPPED' : 'ok';
}

function runCommands(commands) {
  for (const [program, ...args] of commands) {
    console.log(`\n> ${[program, ...args].join(' ')}`);
    const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
    if (status !== 0) return { failed: 1, why: `"${[program, ...args].join(' ')}" ended with ${status}` };
  }
  return {};
}

function runTests(project) {
  const file = join(results, `${project}.json`);
  console.log(`\n> vitest ${project}`);
  const { status } = spawnSync(
    bin('vitest'),
    [
      'run',
      '--project',
      project,
      '--passWithNoTests',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ],
    { cwd: root, stdio: 'inherit' },
  );
  const counts = countsIn(file);
  if (!counts) return { failed: 1, why: `vitest ended with ${status} and left no result` };
  // An error outside any test, as in a hook of a file, fails the run without failing a test.
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  const why = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
  return {
    ...counts,
    failures: failuresIn(file),
    why: counts.skipped > 0 ? `${why}: ${skippedIn(file).join('; ')}` : why,
  };
}

function read(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function countsIn(file) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = read(file);
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
  } catch {
    return undefined;
  }
}

/** Each failed test or file with the head of its first error. */
function failuresIn(file) {
  const head = message => (message ?? '').split('\n').slice(0, 12).join('\n    ');
  return read(file).testResults.flatMap(({ name, status, message, assertionResults }) => {
    const tests = assertionResults.filter(test => test.status === 'failed');
    const where = relative(root, name);
    if (tests.length === 0 && status === 'failed') return [`FAILED   ${where}\n    ${head(message)}`];
    return tests.map(test => `FAILED   ${where}: ${test.fullName}\n    ${head(test.failureMessages[0])}`);
  });
}

/** The groups that were skipped; why is in the output of the run itself. */
function skippedIn(file) {
  const groups = read(file).testResults.flatMap(result =>
    result.assertionResults
      .filter(({ status }) => status === 'skipped' || status === 'pending' || status === 'todo')
      .map(({ ancestorTitles, title }) => ancestorTitles[0] ?? title),
  );
  return [...new Set(groups)];
}
