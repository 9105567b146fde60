import { useEffect, useState } from 'preact/hooks';
import type { Act, Host } from './app';

const typingMs = 150;

/**
 * Ids of the rows in whose whole statement the host found the text: the page has titles only. Asked when typing pauses;
 * the newest text wins. Until it is answered the answer to the beginning of the text serves, which can only be too long.
 */
export function useSearch(host: Host, find: string, revision: number, act: Act): ReadonlySet<string> | undefined {
  const [answer, setAnswer] = useState<{ text: string; ids: ReadonlySet<string> }>();
  const text = find.trim().toLowerCase();
  useEffect(() => {
    if (text === '') return;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      const search = host.request('search', { text }, controller.signal);
      act(search.then(({ ids }) => setAnswer({ text, ids: new Set(ids) })));
    }, typingMs);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [host, text, revision, act]);
  return answer && text !== '' && text.startsWith(answer.text) ? answer.ids : undefined;
}
