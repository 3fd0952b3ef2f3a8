const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Puts a carriage return before each line feed that has none: what the ONLCR mode of a terminal device does to output.
 *
 * A client's terminal is raw while a session lasts, since the device that would translate is meant to be at the server's
 * end. Works on bytes, which is safe for UTF-8, and remembers the last byte, so blocks may be cut anywhere.
 */
export class NewlineTranslator {
  #lastByte = 0;

  /** The next block of output, translated. Returns `bytes` itself if nothing is to be changed. */
  translate(bytes: Uint8Array): Uint8Array {
    const before = this.#lastByte;
    this.#lastByte = bytes.at(-1) ?? before;

    const bare: number[] = [];
    for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) {
      const preceding = at === 0 ? before : bytes[at - 1];
      if (preceding !== CARRIAGE_RETURN) bare.push(at);
    }
    return bare.length === 0 ? bytes : withReturns(bytes, bare);
  }
}

/** `bytes` with a carriage return put in at each of `positions`, which ascend. */
function withReturns(bytes: Uint8Array, positions: readonly number[]): Uint8Array {
  const translated = new Uint8Array(bytes.length + positions.length);
  let from = 0;
  let to = 0;
  for (const position of positions) {
    translated.set(bytes.subarray(from, position), to);
    to += position - from;
    translated[to] = CARRIAGE_RETURN;
    to += 1;
    from = position;
  }
  translated.set(bytes.subarray(from), to);
  return translated;
}
