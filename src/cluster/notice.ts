import type { NoticeMessage } from 'pg-protocol/dist/messages';
import { redact } from './redact';

/** `WARNING: collation version mismatch (DETAIL: …)`, in one text, for the list of notices. */
export function formatNotice(notice: Pick<NoticeMessage, 'severity' | 'message' | 'detail' | 'hint'>): string {
  const more = [notice.detail && `DETAIL: ${notice.detail}`, notice.hint && `HINT: ${notice.hint}`].filter(Boolean);
  const text = `${notice.severity ?? 'NOTICE'}: ${notice.message ?? ''}`;
  return redact(more.length ? `${text} (${more.join('; ')})` : text);
}
