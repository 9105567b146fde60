import type { ConnectionSettings } from '../shared/migration';
import { resolveProfile } from './connection';
import { ClusterError } from './errors';
import type { SessionLimits } from './limits';
import { findPassword } from './password';
import { Session } from './session';

export interface ConnectOptions {
  /** The password from the editor's secret storage. */
  stored?: string | undefined;
  limits: SessionLimits;
  signal?: AbortSignal | undefined;
  env?: NodeJS.ProcessEnv;
}

/**
 * From settings to a session: resolves the profile, finds the password, logs in. Rejects with a {@link ClusterError}.
 * `open` may be a keeper's, which has a session at hand.
 */
export async function connect(
  settings: ConnectionSettings,
  options: ConnectOptions,
  open: typeof Session.open = Session.open,
): Promise<Session> {
  const profile = await resolveProfile(settings, options.env);
  const { password, note } = await findPassword(profile, settings, options.stored, options.env);
  try {
    return await open(profile, password, options.limits, options.signal);
  } catch (error) {
    // A password file that was passed over is why the server got no password.
    if (note && error instanceof ClusterError && error.reason === 'authentication') throw error.with({ next: note });
    throw error;
  }
}
