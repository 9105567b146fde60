/** The lab cannot be had on this machine. The message says in one line what is missing and what to install or set. */
export class LabUnavailable extends Error {
  constructor(
    /** What is missing, as `No PostgreSQL with Citus`. */
    readonly what: string,
    /** What to do about it, as `install …` or `set CUTOVER_PG_BIN to …`. */
    readonly how: string,
  ) {
    super(`${what}: ${how}`);
    this.name = 'LabUnavailable';
  }
}
