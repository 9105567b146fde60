/** What the host or an action had to say, and errors of servers. */
import type { ViewError } from '../../src/shared/plan-diff';
import type { Place } from './format';

/** What an action came to. */
export interface Message {
  tone: 'info' | 'error';
  text: string;
}

/** A line under the header, said aloud as well. */
export function MessageLine({ message }: { message: Message | undefined }) {
  return (
    <p class={`message ${message?.tone ?? ''}`} role={message?.tone === 'error' ? 'alert' : 'status'}>
      {message?.text}
    </p>
  );
}

/** An error as psql would give it: message, SQLSTATE, the place, detail, hint; then what to do. */
export function ErrorText({ error, place }: { error: ViewError; place?: Place | undefined }) {
  return (
    <div class="error-text">
      <p class="error-message">{error.message}</p>
      {place && (
        <pre class="error-place">
          {`LINE ${place.line}: `}
          {place.text}
          {`\n${' '.repeat(`LINE ${place.line}: `.length + place.column)}^`}
        </pre>
      )}
      {error.detail !== undefined && <p>{`Detail: ${error.detail}`}</p>}
      {error.hint !== undefined && <p>{`Hint: ${error.hint}`}</p>}
      {error.sqlstate !== undefined && <p class="dim">{`SQLSTATE ${error.sqlstate}`}</p>}
      {error.next !== undefined && <p class="error-next">{error.next}</p>}
    </div>
  );
}
