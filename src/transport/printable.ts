const MAX_LENGTH = 256;
const CUT = '...';
/** All that is shown as it is: printable US-ASCII but the backslash, with which escapes begin. */
const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/u;

/**
 * Text from a peer, fit for a log line: what is not printable US-ASCII is escaped, such as `\u{1b}`, and so is the backslash, so
 * that nobody can write an escape. At most `maxLength` characters; what is cut, never inside an escape, ends in `...`.
 *
 * A peer must not be able to write lines of its own into a log, or move a terminal's cursor. Not for text that is printable already,
 * whose backslashes would be escaped again.
 *
 * @param maxLength - default 256, and more than the 3 of `...`
 */
export function printable(text: string, maxLength = MAX_LENGTH): string {
  if (text.length <= maxLength && PLAIN.test(text)) return text;
  let shown = '';
  let kept = 0;
  // By code points: half a surrogate pair would be another character.
  for (const character of text) {
    shown += escaped(character);
    if (shown.length > maxLength) return `${shown.slice(0, kept)}${CUT}`;
    if (shown.length <= maxLength - CUT.length) kept = shown.length;
  }
  return shown;
}

function escaped(character: string): string {
  if (character === '\\') return '\\\\';
  return PLAIN.test(character) ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
