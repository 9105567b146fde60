import { Properties } from './properties';

/**
 * Lines of FORMAT TEXT that hold several figures, and the names FORMAT JSON gives them (PostgreSQL's explain.c:
 * show_sort_info, show_hash_info, show_hashagg_info, show_memoize_info, show_buffer_usage, show_wal_usage).
 */

type Pairs = [name: string, value: string][];

const kilobytes = (text: string): string => /^(\d+) ?kB$/.exec(text)?.[1] ?? text;

/** `A: x  B: y` as pairs. */
function pieces(line: string): Pairs {
  return line.split(/\s{2,}(?=[A-Z])/).map(piece => {
    const at = piece.indexOf(': ');
    return at < 0 ? [piece, ''] : [piece.slice(0, at), piece.slice(at + 2)];
  });
}

const hashNames: Record<string, string> = {
  Buckets: 'Hash Buckets',
  Batches: 'Hash Batches',
  'Memory Usage': 'Peak Memory Usage',
};
const aggregateNames: Record<string, string> = { Batches: 'HashAgg Batches', 'Memory Usage': 'Peak Memory Usage' };
const memoizeNames: Record<string, string> = {
  Hits: 'Cache Hits',
  Misses: 'Cache Misses',
  Evictions: 'Cache Evictions',
  Overflows: 'Cache Overflows',
  'Memory Usage': 'Peak Memory Usage',
};

function renamed(line: string, names: Record<string, string>): Pairs {
  return pieces(line).flatMap(([name, value]): Pairs => {
    const original = /^(\d+) \(originally (\d+)\)$/.exec(value);
    const full = names[name] ?? name;
    if (original) {
      return [
        [full, original[1]!],
        [`Original ${full}`, original[2]!],
      ];
    }
    return [[full, kilobytes(value)]];
  });
}

function sortMethod(line: string): Pairs {
  const [method, space] = pieces(line);
  const pairs: Pairs = [['Sort Method', method![1].trim()]];
  if (space) pairs.push(['Sort Space Used', kilobytes(space[1])], ['Sort Space Type', space[0]]);
  return pairs;
}

const bufferNames: Record<string, string> = { hit: 'Hit', read: 'Read', dirtied: 'Dirtied', written: 'Written' };

/** `shared hit=3 read=1, temp written=2` as FORMAT JSON's block counts. */
export function bufferProperties(value: string): Pairs {
  return value.split(', ').flatMap((part): Pairs => {
    const [kind = '', ...counts] = part.split(' ');
    const title = kind.charAt(0).toUpperCase() + kind.slice(1);
    return counts.map(count => {
      const [name = '', number = ''] = count.split('=');
      return [`${title} ${bufferNames[name] ?? name} Blocks`, number];
    });
  });
}

const walNames: Record<string, string> = {
  records: 'WAL Records',
  fpi: 'WAL FPI',
  bytes: 'WAL Bytes',
  'buffers full': 'WAL Buffers Full',
};

function equations(value: string, names: Record<string, string>): Pairs {
  return [...value.matchAll(/([a-z][a-z ]*)=(\S+)/g)].map(([, name = '', number = '']) => [
    names[name] ?? name,
    number,
  ]);
}

/** `bernoulli ('1'::real) REPEATABLE ('3'::double precision)`. */
function sampling(value: string): Pairs {
  const match = /^(\S+) \((.*?)\)(?: REPEATABLE \((.*)\))?$/.exec(value);
  if (!match) return [['Sampling', value]];
  const pairs: Pairs = [
    ['Sampling Method', match[1]!],
    ['Sampling Parameters', match[2]!],
  ];
  if (match[3] !== undefined) pairs.push(['Repeatable Seed', match[3]]);
  return pairs;
}

/** One detail line of a node as FORMAT JSON's names and values; the node type decides what `Batches` is. */
export function readPropertyLine(line: string, nodeType: string): Pairs {
  const at = line.indexOf(':');
  const name = line.slice(0, at);
  const value = line.slice(at + 1).trim();
  switch (name) {
    case 'Sort Method':
      return sortMethod(line);
    case 'Buckets':
      return renamed(line, hashNames);
    case 'Batches':
      return renamed(line, nodeType === 'Hash' ? hashNames : aggregateNames);
    case 'Hits':
      return renamed(line, memoizeNames);
    case 'Storage':
    case 'Full-sort Groups':
    case 'Pre-sorted Groups':
      return pieces(line);
    case 'Planned Partitions':
      return renamed(line, aggregateNames);
    case 'Buffers':
      return bufferProperties(value);
    case 'WAL':
      return equations(value, walNames);
    case 'Sampling':
      return sampling(value);
    case 'Heap Blocks':
      return equations(value, { exact: 'Exact Heap Blocks', lossy: 'Lossy Heap Blocks' });
    default:
      return [[name, value]];
  }
}

/** `Functions: 7`, `Options: Inlining true, …`, `Timing: Generation 0.5 ms (Deform 0.1 ms), …` of a JIT block. */
export function readJitLine(line: string, jit: Properties): boolean {
  const match = /^(Functions|Options|Timing): (.*)$/.exec(line);
  if (!match) return false;
  const [, name = '', value = ''] = match;
  if (name === 'Functions') {
    jit.add(name, value);
    return true;
  }
  const nested = new Properties();
  for (const part of value.split(/, (?![^(]*\))/)) {
    const pair = /^(\S+) (\S+?)(?: ms)?(?: \((\S+) (\S+) ms\))?(?: ms)?$/.exec(part);
    if (!pair) nested.add(part, '');
    else if (pair[3]) {
      const split = new Properties();
      split.add(pair[3], pair[4]!);
      split.add('Total', pair[2]!);
      nested.add(pair[1]!, split);
    } else nested.add(pair[1]!, pair[2]!);
  }
  jit.add(name, nested);
  return true;
}

/** `Trigger t for constraint c on r: time=1.5 calls=3`. */
export function readTriggerLine(line: string): Properties | undefined {
  const match =
    /^Trigger(?: (?!for constraint)(.+?))?(?: for constraint (.+?))?(?: on (.+?))?:(?: time=([\d.]+))? calls=(\S+)$/.exec(
      line,
    );
  if (!match) return undefined;
  const trigger = new Properties();
  const names = ['Trigger Name', 'Constraint Name', 'Relation', 'Time', 'Calls'];
  for (const [i, name] of names.entries()) {
    const value = match[i + 1];
    if (value !== undefined) trigger.add(name, value);
  }
  return trigger;
}

/** `jit = 'off', search_path = 'a, b'` as names and values. */
export function readSettingsLine(value: string): Properties {
  const settings = new Properties();
  for (const [, name = '', text = ''] of value.matchAll(/([\w.]+) = '((?:[^']|'')*)'/g)) {
    settings.add(name, text.replaceAll("''", "'"));
  }
  return settings;
}
