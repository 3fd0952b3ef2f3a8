import { ZlibStream } from './zlib-stream.js';

/** The largest packet that there can be without compression (RFC 4253 section 6.1), so with it no payload is larger. */
export const MAX_INFLATED = 35_000;

/** One for all connections, so that the worst packet costs no memory; with room for the byte that is too much. */
const output = Buffer.allocUnsafeSlow(MAX_INFLATED + 1);

/** Decompresses the payloads of one direction of one connection. No packet becomes larger than {@link MAX_INFLATED}. */
export class Inflater {
  readonly #stream = new ZlibStream('inflate');

  /** @returns the payload, in memory of its own, or what is wrong with it; nothing that comes later can be read then */
  inflate(compressed: Uint8Array): Buffer | Error {
    let length;
    try {
      length = this.#stream.write(compressed, 0, output);
    } catch (cause) {
      return new Error('a compressed packet is corrupt', { cause });
    }
    if (length > MAX_INFLATED) return new Error(`a packet of more than ${String(MAX_INFLATED)} bytes, compressed`);
    if (this.#stream.untaken > 0) return new Error('a packet goes on behind the end of the compressed stream');
    return Buffer.from(output.subarray(0, length));
  }

  /** Forgets what it has decompressed. */
  reset(): void {
    this.#stream.reset();
  }

  /** Frees its memory. */
  close(): void {
    this.#stream.close();
  }
}
