import type { Codec } from './codec.js';

/** {@link fixed} with its length, for whoever makes values of it. */
export interface FixedCodec extends Codec<Buffer> {
  readonly length: number;
}

/**
 * `byte[n]` (RFC 4251 section 5): exactly `length` bytes without a length before them; read as a view.
 *
 * @throws RangeError, when written, if the value has another length.
 */
export function fixed(length: number): FixedCodec {
  return {
    length,
    read: (reader) => reader.bytes(length),
    write(writer, value) {
      if (value.length !== length)
        throw new RangeError(`${String(length)} bytes expected, got ${String(value.length)}`);
      writer.bytes(value);
    },
  };
}
