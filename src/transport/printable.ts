const MAX_LENGTH = 256;

/**
 * Text from a peer, fit for a log line: control characters and non-ASCII escaped, cut to 256 characters.
 *
 * A peer must not be able to write lines of its own into a log, or move a terminal's cursor.
 */
export function printable(text: string): string {
  const cut = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
  return cut.replace(/[^\x20-\x7e…]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
