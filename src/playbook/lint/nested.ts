/** A check within a list or a quote is an example to Cutover, which only looks at the top level. */
import type { Playbook } from '../playbook';
import type { Diagnostic } from './rules';

const openingFence =
  /^(?=[ \t]{2}|[ \t]?(?:>|[-+*]|\d{1,9}[.)]))[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t>]*)?(?:`{3,}|~{3,})[ \t]*(?:(?:sql|pgsql|psql|postgres|postgresql)[ \t]+check|cutover[ \t]+check)(?![\w-]).*$/gim;

export function* lintNested({ text, blocks, regions }: Playbook): Generator<Diagnostic> {
  for (const block of blocks) {
    if (block.type !== 'list' && block.type !== 'other') continue;
    const words = text.slice(block.start, block.end);
    if (!words.includes('```') && !words.includes('~~~')) continue;
    if (regions.some(region => region.start < block.start && block.end <= region.end)) continue;
    for (const match of words.matchAll(openingFence)) {
      const start = block.start + match.index;
      const message = 'A check in a list or a quote is not run. Put it at the left margin, below the list.';
      yield { code: 'checkNested', message, start, end: start + match[0].trimEnd().length };
    }
  }
}
