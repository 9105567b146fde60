import { redact } from './redact';

/** A NoticeResponse as the driver hands it over. */
export interface Notice {
  severity: string | undefined;
  message: string | undefined;
  detail: string | undefined;
  hint: string | undefined;
  /** The context stack, innermost first, one entry a line. */
  where?: string | undefined;
}

/** `WARNING: collation version mismatch (DETAIL: …)`, in one text, for the list of notices. */
export function formatNotice(notice: Notice): string {
  const more = [notice.detail && `DETAIL: ${notice.detail}`, notice.hint && `HINT: ${notice.hint}`].filter(Boolean);
  const text = `${notice.severity ?? 'NOTICE'}: ${notice.message ?? ''}`;
  return redact(more.length ? `${text} (${more.join('; ')})` : text);
}
