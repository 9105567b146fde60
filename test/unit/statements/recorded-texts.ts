/** Texts that pg_stat_statements keeps of the corpus, recorded on real servers (test/lab/record-statements.mjs), as sides. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { loadSqlParser } from '../../../src/sql/parser';
import { analyzeText, type TextAnalysis } from '../../../src/statements/analysis';
import { at, noFigures } from '../../../src/statements/figures';
import { Folder, type SideStatement, statementsOf } from '../../../src/statements/fold';
import { SideNames } from '../../../src/statements/names';
import type { CatalogNames } from '../../../src/statements/reading';

export type RecordedText = [label: string, variant: string, worker: 0 | 1, sql: string];

export interface RecordedServer {
  name: string;
  names: Omit<CatalogNames, 'shards'>;
  shards: CatalogNames['shards'];
  texts: RecordedText[];
}

export const servers = JSON.parse(
  gunzipSync(readFileSync(new URL('../../fixtures/statements/texts.json.gz', import.meta.url))).toString('utf8'),
) as RecordedServer[];

export const parser = await loadSqlParser();

const known = new Map<string, TextAnalysis>();

export const analyses = {
  get(canonical: string): TextAnalysis {
    let analysis = known.get(canonical);
    if (!analysis) {
      analysis = analyzeText(parser, canonical);
      known.set(canonical, analysis);
    }
    return analysis;
  },
};

/** Labels stand where query ids would, and as names of the workers where tasks ran: folding keeps both. */
export function statementsOfTexts(server: RecordedServer, texts: readonly RecordedText[]): SideStatement[] {
  const names = new SideNames({ ...server.names, shards: server.shards });
  const folder = new Folder(names, 'app');
  for (const [label, , worker, sql] of texts) {
    const figures = noFigures();
    figures[at.calls] = 1;
    figures[at.totalMs] = 1;
    folder.add(
      {
        user: 'app',
        database: 'app',
        toplevel: true,
        queryId: label,
        since: undefined,
        truncated: false,
        figures,
        sql,
      },
      { node: label, role: worker ? 'worker' : 'coordinator' },
    );
  }
  return statementsOf(folder, analyses, names);
}
