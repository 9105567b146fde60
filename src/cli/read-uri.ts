import { parseConnectionUri } from '../cluster/connection-uri';
import { ClusterError } from '../cluster/errors';
import type { Side } from '../shared/side';

/** Rejects a URI that cannot be read, naming the option it came by. @throws ClusterError */
export function readUri(side: Side, uri: string) {
  try {
    return parseConnectionUri(uri);
  } catch (error) {
    throw error instanceof ClusterError ? error.with({ message: `--${side}: ${error.message}` }) : error;
  }
}
