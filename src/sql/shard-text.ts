/** Texts of the statements that Citus sends to shards, turned back to the tables they belong to. */
import { Lexer } from './lexer';

/** Names in the texts that may be those of shards: they end with a number. */
export function shardNames(texts: readonly string[]): string[] {
  const names = new Set<string>();
  for (const text of texts) for (const { name } of identifiers(text)) if (/_\d+$/.test(name)) names.add(name);
  return [...names];
}

/** The text with each shard's name replaced by its table's, and without the comment of Citus's tenant statistics. */
export function foldShards(text: string, shards: ReadonlyMap<string, { table: string }>): string {
  let folded = '';
  let copied = 0;
  for (const { name, start, end, quoted } of identifiers(text)) {
    const table = shards.get(name)?.table;
    if (table === undefined) continue;
    const isPlain = !quoted && /^[a-z_][a-z0-9_$]*$/.test(table);
    folded += text.slice(copied, start) + (isPlain ? table : `"${table.replaceAll('"', '""')}"`);
    copied = end;
  }
  return (folded + text.slice(copied)).replace(/^\s*\/\*\{.*?\}\*\/\s*/s, '');
}

function* identifiers(text: string): Generator<{ name: string; start: number; end: number; quoted: boolean }> {
  const lexer = new Lexer(text);
  while (lexer.nextSignificant()) {
    const { kind, value, start, end } = lexer;
    if (kind === 'word') yield { name: value, start, end, quoted: false };
    else if (kind === 'quotedIdentifier' && value.startsWith('"'))
      yield { name: value.slice(1, -1).replaceAll('""', '"'), start, end, quoted: true };
  }
}
