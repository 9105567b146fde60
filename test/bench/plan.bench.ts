/** Reading and aligning large plans, against JSON.parse of the same bytes and against the plan service of pev2. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { alignPlans } from '../../src/plan/align';
import { readPlan } from '../../src/plan/read';
import { planDiffView } from '../../src/plan/view';
import { largePlan } from './large-plan';
import { figure, medianMs, medianPairMs } from './measure';

interface PlanService {
  fromSource(source: string): unknown;
  createPlan(name: string, content: unknown, query: string): unknown;
}

/** pev2 exports its components only; the class of its service is found by what it has, and exported by a copy. */
async function loadPev2(): Promise<new () => PlanService> {
  const require = createRequire(import.meta.url);
  const file = join(dirname(require.resolve('pev2')), 'pev2.es.js');
  const source = await readFile(file, 'utf8');
  const method = source.indexOf('\n  createPlan(');
  const name = [...source.slice(0, method).matchAll(/\nclass (\w+) \{/g)].at(-1)?.[1];
  if (method < 0 || name === undefined)
    throw new Error('pev2 has no createPlan any more: look for its plan service anew.');
  const folder = await mkdtemp(join(dirname(file), '.cutover-'));
  try {
    const copy = join(folder, 'pev2.mjs');
    await writeFile(copy, `${source}\nexport { ${name} as PlanService };\n`);
    // It looks at the page it expects to be in.
    Object.assign(globalThis, { window: globalThis, document: undefined });
    return (await import(pathToFileURL(copy).href)).PlanService;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const Pev2PlanService = await loadPev2();
const pev2 = (text: string): void => {
  const service = new Pev2PlanService();
  service.createPlan('', service.fromSource(text), '');
};

/** As it comes from a socket: one flat string, not the pieces it was put together from. */
function received(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

pev2(largePlan(1000, 1));
for (const [nodes, runs, runsOfPev2] of [
  [10_000, 15, 3],
  [50_000, 7, 3],
] as const) {
  const [source, target] = [received(largePlan(nodes, 1)), received(largePlan(nodes, 2))];
  const size = (source.length + target.length) / 1024 / 1024;
  console.log(`\npair of ${nodes} nodes each, ${size.toFixed(1)} MB`);
  const readAndAlign = () => alignPlans(readPlan(source).plan, readPlan(target).plan);
  const parse = () => [JSON.parse(source), JSON.parse(target)];
  const [ours, parsing] = await medianPairMs(readAndAlign, parse, { warmups: 3, runs });
  figure('JSON.parse of both', parsing, 'ms');
  figure('reading, timing and aligning both', ours, 'ms');
  figure('  against JSON.parse', ours / parsing, '×', { atMost: 4 });
  // Both have run before: ours above, pev2 on small plans first.
  const [oursBeside, theirs] = await medianPairMs(readAndAlign, () => [pev2(source), pev2(target)], {
    warmups: 0,
    runs: runsOfPev2,
    cleanHeap: true,
  });
  figure("pev2's plan service for both (it aligns nothing)", theirs, 'ms');
  figure('  pev2 against ours', theirs / oursBeside, '×', { atLeast: 20 });
  const [a, b] = [readPlan(source).plan, readPlan(target).plan];
  const side = (name: 'source' | 'target', plan: typeof a) => ({
    side: name,
    label: name,
    color: '',
    sent: [],
    notices: [],
    plan,
  });
  const view = await medianMs(
    () =>
      planDiffView({
        id: '',
        at: '',
        migration: '',
        analyzed: true,
        statement: { sql: '', title: '', class: 'read', parameters: [] },
        source: side('source', a),
        target: side('target', b),
      }),
    { warmups: 1, runs: 5 },
  );
  figure('the view of both, aligning included', view, 'ms');
}
