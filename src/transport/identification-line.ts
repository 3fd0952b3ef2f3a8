/** RFC 4253 section 4.2, line end included. */
const MAX_LENGTH = 255;
const LINE_FEED = 10;

/**
 * Gathers what a client sends first, until its identification line is complete (RFC 4253 section 4.2).
 *
 * The engine takes a line in one or two pieces; of three it loses the second and refuses the client.
 */
export class IdentificationLine {
  #pieces: Buffer | undefined;

  /**
   * Takes bytes.
   *
   * @returns all bytes so far once the line is complete, whatever follows it included; undefined before
   * @throws RangeError if the line is longer than the 255 bytes it may have
   */
  take(chunk: Buffer): Buffer | undefined {
    const bytes = this.#pieces === undefined ? chunk : Buffer.concat([this.#pieces, chunk]);
    const end = bytes.indexOf(LINE_FEED);
    if ((end === -1 ? bytes.length : end) >= MAX_LENGTH) throw new RangeError('the identification line is too long');
    this.#pieces = end === -1 ? bytes : undefined;
    return end === -1 ? undefined : bytes;
  }
}
