import type { Codec } from './codec.js';
import { WireReader } from './wire-reader.js';
import { WireWriter } from './wire-writer.js';

/** A tail of a known name, tagged with that name. */
interface Tagged {
  readonly type: string;
}

// Distributes over the union: several names may share a shape, and one name may stand for several shapes.
type Untagged<T extends Tagged, Name extends string> = T extends Tagged
  ? Name extends T['type']
    ? Omit<T, 'type'>
    : never
  : never;

/** One codec per name: what stands on the wire behind it. */
export type TailTable<Known extends Tagged> = { readonly [Name in Known['type']]: Codec<Untagged<Known, Name>> };

/** A tail that was not understood. */
export interface RawTail {
  /** `other`: the name is unknown. `malformed`: the name is known, but its tail is not what the name promises. */
  readonly type: 'other' | 'malformed';
  /** The name as sent. */
  readonly name: string;
  /** The tail as sent. */
  readonly data: Buffer;
}

/** The name-dependent ends of one kind of message, such as the channel requests of RFC 4254 section 6. */
export interface TailFamily<Known extends Tagged> {
  readonly table: TailTable<Known>;

  /** Reads the tail that belongs to `name`. Never throws. Buffers in the result are views on `data`. */
  decode(name: string, data: Uint8Array): Known | RawTail;

  /**
   * Builds the tail; a raw one is returned as it is.
   *
   * @throws RangeError if a value does not fit its field.
   */
  encode(tail: Known | RawTail): Buffer;

  /** The name that goes before the tail on the wire. */
  nameOf(tail: Known | RawTail): string;
}

/** Defines a family of tails by name. A tail must be read to its last byte, else it is malformed. */
export function tailFamily<Known extends Tagged>(table: TailTable<Known>): TailFamily<Known> {
  // The peer picks the name, and an object would also know `constructor` and `__proto__`.
  const codecs = new Map(Object.entries<Codec<object>>(table));
  return {
    table,
    decode(name, data) {
      const codec = codecs.get(name);
      if (codec === undefined) return raw('other', name, data);

      const reader = new WireReader(data);
      const tail: Tagged = { type: name, ...codec.read(reader) };
      // `name` is a key of the table and the rest came from its codec, which the compiler cannot follow.
      return reader.complete ? (tail as Known) : raw('malformed', name, data);
    },
    encode(tail) {
      if (isRaw(tail)) return tail.data;

      const writer = new WireWriter();
      codecs.get(tail.type)?.write(writer, tail);
      return writer.finish();
    },
    nameOf: (tail) => (isRaw(tail) ? tail.name : tail.type),
  };
}

function raw(type: RawTail['type'], name: string, data: Uint8Array): RawTail {
  return { type, name, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) };
}

function isRaw(tail: Tagged): tail is RawTail {
  return tail.type === 'other' || tail.type === 'malformed';
}
