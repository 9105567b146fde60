/**
 * What the scripts need before they can start, from a bare clone with only Node and git: npm packages, and from the system
 * PostgreSQL, Chromium and a compiler. Uses Node's own modules only, until the packages are there.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Installs the npm packages when they are missing or are not those of the lockfile. */
export function ensureDependencies() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20) throw new Error(`Node ${process.versions.node} is too old: install Node 20 or newer.`);
  if (installedMatchLockfile()) return;
  // Standard output belongs to what the script prints; and a silent npm above must not silence this one's errors.
  console.error('Installing npm packages (npm ci) …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status } = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error('"npm ci" failed: see above; it needs a reachable npm registry.');
}

/** npm notes in node_modules/.package-lock.json what it installed; packages for other platforms are not among them. */
function installedMatchLockfile() {
  const installed = packagesOf('node_modules/.package-lock.json');
  if (!installed) return false;
  return Object.entries(packagesOf('package-lock.json') ?? {}).every(([path, wanted]) => {
    const found = installed[path];
    if (path === '') return true;
    return found ? found.version === wanted.version : wanted.optional === true || wanted.peer === true;
  });
}

function packagesOf(file) {
  const path = join(root, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined;
}

/**
 * Installs what is missing where that needs no password, and returns what is still missing: one line for each, saying
 * what to install. CUTOVER_NO_INSTALL=1 leaves the system alone.
 */
export async function ensureSystem(wanted = ['postgres', 'chromium', 'compiler']) {
  const { loadTypeScript } = await import('./load-typescript.mjs');
  const { findPostgres } = await loadTypeScript('test/lab/installations.ts');
  const { findChromium } = await loadTypeScript('test/host/driver/chromium.ts');
  const needs = {
    // npm brings servers that run everywhere, but none with JIT, which is what the demo's story is about. So a server of
    // the system is worth a minute where it can be had for nothing, and its absence is no obstacle where it cannot.
    postgres: {
      there: async () => (await findPostgres()).some(({ jit }) => jit),
      packages: ['postgresql'],
      brew: 'postgresql@17',
      missing: 'No PostgreSQL with JIT: the embedded one is used, and JIT cannot be shown.',
    },
    chromium: {
      there: async () => findChromium() !== undefined,
      packages: ['chromium'],
      brew: '--cask chromium',
      missing: 'No Chromium: pages and VS Code cannot be driven.',
    },
    // Its package starts a service, which nobody wants on a machine of their own for three tests.
    pooler: {
      there: async () => isInPath('pgbouncer') || existsSync('/usr/sbin/pgbouncer'),
      packages: ['pgbouncer'],
      brew: 'pgbouncer',
      missing: 'No PgBouncer: nothing is tested through a pooler.',
    },
    // code-server compiles two small modules when it is installed.
    compiler: {
      there: async () => ['make', 'g++', 'python3'].every(isInPath),
      packages: ['make', 'g++', 'python3'],
      brew: undefined,
      missing: 'No compiler: code-server cannot be installed.',
    },
  };
  const missing = [];
  for (const name of wanted) {
    const need = needs[name];
    if (await need.there()) continue;
    installWithApt(need.packages);
    if (await need.there()) continue;
    missing.push(`${need.missing} ${hint(need)}`);
  }
  return missing;
}

function hint({ packages, brew }) {
  if (process.platform === 'darwin') {
    return brew ? `Install it: brew install ${brew}` : 'Install it: xcode-select --install';
  }
  return `Install it: sudo apt-get install ${packages.join(' ')} (or your system's packages of that kind)`;
}

/** Debian, Ubuntu and their like, as root or with a sudo that asks no password; elsewhere nothing happens. */
function installWithApt(packages) {
  if (process.env.CUTOVER_NO_INSTALL === '1' || !isInPath('apt-get')) return;
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (sudo.length > 0 && (!isInPath('sudo') || spawnSync('sudo', ['-n', 'true']).status !== 0)) return;
  const run = (...command) => {
    const [program, ...args] = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', ...command];
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  };
  console.error(`Installing ${packages.join(', ')} (apt-get) …`);
  try {
    run('apt-get', 'update', '-q');
    if (packages.includes('postgresql')) {
      // The servers run in the lab; Debian's package would otherwise create and start one of its own.
      run('apt-get', 'install', '-qy', '--no-install-recommends', 'postgresql-common');
      run(
        'sed',
        '-i',
        's/^#\\?create_main_cluster.*/create_main_cluster = false/',
        '/etc/postgresql-common/createcluster.conf',
      );
    }
    run('apt-get', 'install', '-qy', '--no-install-recommends', ...packages);
  } catch (error) {
    console.error(`apt-get failed: ${error.message}`);
  }
}

function isInPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some(folder => folder !== '' && existsSync(join(folder, program)));
}
