/** What stands where a secret stood. */
const mask = '********';

/**
 * Masks what looks like a password in text that others wrote (server messages, what a user typed): the password part
 * of a URI and `password=` / `sslpassword=` pairs of a DSN or a query string, quoted or not.
 */
export function redact(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:@/?#]*:)[^\s@/]*(?=@)/gi, `$1${mask}`)
    .replace(/\b((?:ssl)?password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)/gi, `$1${mask}`);
}
