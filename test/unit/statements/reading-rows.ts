/** Readings made by hand, line by line as a node sends them. */
import { extensionVersion, type FigureId } from '../../../src/statements/figures';
import { type NodeHeader, type NodeReading, noNames, type Reading } from '../../../src/statements/reading';
import { figuresOf } from '../../../src/statements/rows';

export interface TestRow {
  sql: string;
  queryId?: string;
  user?: string;
  database?: string;
  since?: string;
  toplevel?: boolean;
  figures?: Partial<Record<FigureId, number>>;
}

export function node(rows: readonly TestRow[], header: Partial<NodeHeader> = {}, extension = '1.10'): NodeReading {
  const whole: NodeHeader = {
    at: '2026-11-02T00:00:00.000Z',
    startedAt: '2026-10-01T00:00:00.000Z',
    resetAt: '2026-11-01T00:00:00.000Z',
    dealloc: 0,
    entries: rows.length,
    hidden: 0,
    hiddenMs: 0,
    settings: { 'pg_stat_statements.max': '5000', 'pg_stat_statements.save': 'on' },
    ...header,
  };
  const ids = figuresOf(extensionVersion(extension));
  const lines = rows.map(
    ({
      sql,
      queryId = sql.replaceAll('\n', ' '),
      user = 'app',
      database = 'shop',
      since,
      toplevel = true,
      figures = {},
    }) =>
      [
        ...[JSON.stringify(user), JSON.stringify(database), toplevel ? 't' : 'f', queryId, since ?? '', 'f'],
        ...ids.map(id => String(figures[id] ?? 0)),
        JSON.stringify(sql),
      ].join('\t'),
  );
  return { node: 'db:5432', role: 'standalone', extension, answer: [JSON.stringify(whole), ...lines].join('\n') };
}

export function reading(nodes: NodeReading[], more: Partial<Reading> = {}): Reading {
  return {
    ...{ version: 1, at: '2026-11-02T00:00:00.000Z', label: 'Old', address: 'db:5432/shop', postgresVersion: '15.4' },
    ...{ database: 'shop', user: 'me', nodes, names: noNames, notes: [] },
    ...more,
  };
}
