/** What became of the findings since an earlier comparison. */
import { changeLines, changesSentences } from '../../src/comparison/changes-words';
import type { ComparisonChanges } from '../../src/shared/comparison-report';
import { Button } from '../common/controls';
import { atText } from '../common/format';
import type { Page } from './app';

export function Changes({ page: { host, act }, changes }: { page: Page; changes: ComparisonChanges }) {
  return (
    <section class="changes" aria-label="What changed">
      <header>
        <h2 title={changes.since}>{`Since ${atText(changes.since)}`}</h2>
        <Button appearance="secondary" onClick={() => act(host.request('forgetSince', {}))}>
          Close
        </Button>
      </header>
      {changesSentences(changes).map((sentence, i) => (
        <p key={i}>{sentence}</p>
      ))}
      <ul>
        {changeLines(changes).map(({ kind, id, words, evidence }, i) => (
          <li key={i} class={kind}>
            <code>{id}</code> {words}
            {evidence.length > 0 && (
              <ul>
                {evidence.map((line, j) => (
                  <li key={j}>{line}</li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
