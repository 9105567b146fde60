/** What keeps pg_stat_statements from telling all, read off its settings, and how to mend it. */
import type { StatementsNote } from '../shared/statements';
import { extensionVersion } from './figures';
import { type NodeHeader, type NodeReading, type Reading, readHeader } from './reading';

type Note = Omit<StatementsNote, 'side'>;

/** Extension version that each major version of the server brings (contrib/pg_stat_statements). */
const broughtBy: Readonly<Record<string, string>> = {
  12: '1.7',
  13: '1.8',
  14: '1.9',
  15: '1.10',
  16: '1.10',
  17: '1.11',
  18: '1.12',
};

/** Notes that several nodes share are said once. */
export function readingNotes(reading: Reading): Note[] {
  const notes: Note[] = reading.notes.map(note => ({ tone: 'warning', ...note }));
  const byText = new Map<string, { note: Note; nodes: string[] }>();
  for (const node of reading.nodes) {
    for (const note of nodeNotes(node, reading)) {
      const key = `${note.text}\0${note.remedy ?? ''}`;
      const known = byText.get(key);
      if (known) known.nodes.push(node.node);
      else byText.set(key, { note, nodes: [node.node] });
    }
  }
  for (const { note, nodes } of byText.values()) notes.push({ ...note, node: nodes.join(', ') });
  return notes;
}

function nodeNotes(node: NodeReading, reading: Reading): Note[] {
  const notes: Note[] = [];
  const { problem, answer, extension } = node;
  if (problem) notes.push({ tone: 'warning', ...problem });
  if (answer === undefined || extension === undefined) return notes;
  const { header } = readHeader(answer);
  const brought = broughtBy[reading.postgresVersion.split('.')[0]!];
  if (brought !== undefined && extensionVersion(extension) < extensionVersion(brought)) {
    notes.push({
      tone: 'info',
      text: `The extension is version ${extension}; the server brings ${brought}, which counts more.`,
      remedy: 'ALTER EXTENSION pg_stat_statements UPDATE;',
    });
  }
  return [...notes, ...countingNotes(header), ...privilegeNotes(header, reading), ...settingNotes(header)];
}

function set(name: string, value: string): string {
  return `ALTER SYSTEM SET ${name} = '${value}'; SELECT pg_reload_conf();`;
}

/** Statements that are not counted at all. */
function countingNotes({ settings, dealloc, entries }: NodeHeader): Note[] {
  const notes: Note[] = [];
  const { 'pg_stat_statements.track': track, 'pg_stat_statements.max': max, compute_query_id: queryIds } = settings;
  if (track === 'none') {
    const text = 'Nothing is counted: pg_stat_statements.track = none.';
    notes.push({ tone: 'warning', text, remedy: set('pg_stat_statements.track', 'top') });
  }
  if (queryIds === 'off') {
    const text = 'Nothing is counted: compute_query_id = off.';
    notes.push({ tone: 'warning', text, remedy: set('compute_query_id', 'auto') });
  }
  if (settings['pg_stat_statements.track_utility'] === 'off') {
    const text = 'CALL and other utility commands are not counted: pg_stat_statements.track_utility = off.';
    notes.push({ tone: 'warning', text, remedy: set('pg_stat_statements.track_utility', 'on') });
  }
  if (dealloc !== null && dealloc > 0) {
    notes.push({
      tone: 'warning',
      text: `Entries were evicted ${dealloc} times, as only ${max} are kept: rarely run statements are missing or counted too low.`,
      remedy: `pg_stat_statements.max = ${2 * Number(max)} in postgresql.conf, then a restart`,
    });
  } else if (dealloc === null && entries >= Number(max)) {
    notes.push({ tone: 'warning', text: `All ${max} entries are taken: others may have been evicted.` });
  }
  return notes;
}

function privilegeNotes({ hidden, hiddenMs }: NodeHeader, { user }: Reading): Note[] {
  if (hidden === 0) return [];
  return [
    {
      tone: 'warning',
      text: `${hidden} statements of other roles are hidden from ${user} (${Math.round(hiddenMs)} ms in all).`,
      remedy: `GRANT pg_read_all_stats TO "${user.replaceAll('"', '""')}";`,
    },
  ];
}

/** Figures that are not kept. */
function settingNotes({ settings }: NodeHeader): Note[] {
  const notes: Note[] = [];
  if (settings.track_io_timing === 'off') {
    const text = 'Times of reading and writing pages are not measured: track_io_timing = off.';
    notes.push({ tone: 'info', text, remedy: set('track_io_timing', 'on') });
  }
  if (settings['pg_stat_statements.track_planning'] === 'off') {
    const text =
      'Planning is not measured: pg_stat_statements.track_planning = off, its default, as it costs some throughput.';
    notes.push({ tone: 'info', text, remedy: set('pg_stat_statements.track_planning', 'on') });
  }
  if (settings['citus.stat_statements_track'] === 'none') {
    const text =
      'Executor and tenant of distributed statements are not kept: citus.stat_statements_track = none, its default.';
    notes.push({ tone: 'info', text, remedy: set('citus.stat_statements_track', 'all') });
  }
  return notes;
}
