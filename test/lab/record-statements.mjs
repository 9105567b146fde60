/** `node test/lab/record-statements.mjs`: records test/fixtures/statements/texts.json.gz anew, on every PostgreSQL and Citus found. */
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { loadTypeScript } from '../../scripts/load-typescript.mjs';

const { recordAll } = await loadTypeScript('test/lab/record-statements.ts');
const servers = await recordAll(line => console.log(line));
const file = new URL('../fixtures/statements/texts.json.gz', import.meta.url);
await writeFile(file, gzipSync(JSON.stringify(servers), { level: 9 }));
