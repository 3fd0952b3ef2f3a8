import { ascii, rest, type Codec } from './codec.js';
import type { RawTail, TailFamily } from './tail-family.js';

/** {@link tagged} with its family, for whoever makes values of it. */
export interface TaggedCodec<Known extends { readonly type: string }> extends Codec<Known | RawTail> {
  readonly family: TailFamily<Known>;
}

/** A name directly followed by the tail it announces, up to the end of the payload. */
export function tagged<Known extends { readonly type: string }>(family: TailFamily<Known>): TaggedCodec<Known> {
  return {
    family,
    read: (reader) => family.decode(ascii.read(reader), rest.read(reader)),
    write(writer, tail) {
      ascii.write(writer, family.nameOf(tail));
      rest.write(writer, family.encode(tail));
    },
  };
}
