import type { Codec } from '../../transport/wire/codec.js';

/** `uint32` that holds a TCP port to connect to or to listen on: beyond 65,535 it is malformed. */
export const port: Codec<number> = {
  read(reader) {
    const value = reader.uint32();
    if (value > 0xffff) reader.fail();
    return value;
  },
  write: (writer, value) => writer.uint32(value),
};
