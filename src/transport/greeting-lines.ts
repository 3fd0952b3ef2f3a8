/**
 * What clients read until they know who the server is, in bytes: lines, identification and line ends. Go's client gives up behind it,
 * and is the first to do so.
 */
const MAX_BYTES = 255;
/** Dropbear reads 50 lines, the identification included, and other clients more. */
const MAX_LINES = 32;
/** What stands around the identification. */
const AROUND = 'SSH-2.0-\r\n'.length;

/**
 * Lines for a client that has not learned yet who the server is (RFC 4253 section 4.2), each ended by CR LF. Most clients ignore them
 * or show them; old versions of libssh take the first line for the identification, and leave.
 *
 * @param text - lines with any line ends
 * @param identification - what follows the lines, without `SSH-2.0-`: both together have 255 bytes at most, line ends included
 * @returns undefined for an empty text
 * @throws RangeError for lines that are too many or too long, that have control characters in them, or begin with `SSH-`, which
 *   clients would take for the server's identification
 */
export function greetingLines(text: string, identification: Uint8Array): Buffer | undefined {
  if (text === '') return undefined;
  const lines = text.replace(/\r?\n$/u, '').split(/\r?\n/u);
  if (lines.length > MAX_LINES) throw new RangeError(`a greeting of more than ${String(MAX_LINES)} lines`);
  for (const [index, line] of lines.entries()) {
    const where = `line ${String(index + 1)} of the greeting`;
    if (/^SSH-/iu.test(line)) throw new RangeError(`${where} begins with SSH-, as only the identification may`);
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(line)) throw new RangeError(`${where} has a control character in it`);
    if (/\p{Cs}/u.test(line)) throw new RangeError(`${where} is no Unicode text`);
  }
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n`);
  const room = MAX_BYTES - AROUND - identification.length;
  if (bytes.length > room) {
    throw new RangeError(
      `a greeting of ${String(bytes.length)} bytes, line ends included; beside the identification there is room for ${String(Math.max(room, 0))}`,
    );
  }
  return bytes;
}
