/**
 * Text of a server, a file or a user, with everything a terminal or an editor would obey instead of show made visible:
 * control characters become their Unicode pictures (ESC → ␛), bidirectional overrides, zero-width and line separators
 * their code (`\u202e`), so that a hostile name can neither drive a terminal nor look like another one. Line feeds and
 * tabs stay; CR LF becomes LF.
 */
export function visibleText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(invisible, character => {
    const code = character.codePointAt(0)!;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return '␡';
    if (code >= 0xd800 && code <= 0xdfff) return '\ufffd';
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** {@link visibleText} on one line: line breaks and tabs become single spaces. */
export function visibleLine(text: string): string {
  return visibleText(text)
    .replace(/\s*[\n\t]\s*/g, ' ')
    .trim();
}

// C0 without tab and line feed, DEL and C1, soft hyphen, Arabic letter mark, zero-width space, direction marks and
// overrides, line and paragraph separators, isolates, byte order mark, and surrogates without their partner.
const invisible =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/gu;
