export type PlaybookErrorReason =
  | 'unclosedRegion'
  | 'duplicateFinding'
  | 'unclosedBlock'
  | 'newerFormat'
  | 'noCheck'
  | 'duplicateCheck';

/** The playbook cannot be written to as it stands. The message says what is wrong, where, and what to do. */
export class PlaybookError extends Error {
  constructor(
    readonly reason: PlaybookErrorReason,
    message: string,
    /** 1-based line of the document. */
    readonly line: number,
  ) {
    super(message);
    this.name = 'PlaybookError';
  }
}
