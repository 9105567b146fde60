/** The panel while there is nothing to show, and when there is nothing to show at all. */
import type { ViewError } from '../../src/shared/plan-diff';
import { Button } from '../common/controls';
import { ErrorText, type Message, MessageLine } from '../common/messages';

interface NothingProps {
  migration: string | undefined;
  compare: () => void;
  message: Message | undefined;
}

export function Nothing({ migration, compare, message }: NothingProps) {
  return (
    <main class="page comparison-page">
      <section class="nothing">
        <h1>Nothing was compared yet</h1>
        <p>
          Every check of the catalogue is asked of every node of both sides
          {migration !== undefined && ` of ${migration}`}: what differs comes with why it matters and the SQL that mends
          it. Nothing is changed on either side.
        </p>
        <Button appearance="primary" onClick={compare}>
          Compare Clusters
        </Button>
        <MessageLine message={message} />
      </section>
    </main>
  );
}

interface FailedProps {
  error: ViewError;
  retry: () => void;
  message?: Message | undefined;
}

export function Failed({ error, retry, message }: FailedProps) {
  return (
    <main class="page comparison-page">
      <section class="failed" role="alert">
        <h1>Nothing could be compared</h1>
        <ErrorText error={error} />
        <p class="failed-actions">
          <Button appearance="primary" onClick={retry}>
            Try Again
          </Button>
        </p>
        <MessageLine message={message} />
      </section>
    </main>
  );
}
