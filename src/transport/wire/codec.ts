import type { WireReader } from './wire-reader.js';
import type { WireWriter } from './wire-writer.js';

/**
 * How one value stands on the wire, in both directions.
 *
 * `read` never throws: bytes that do not fit mark the reader as failed and the value returned then means nothing.
 * `write` throws a `RangeError` for a value that its type cannot hold.
 */
export interface Codec<T> {
  read(reader: WireReader): T;
  write(writer: WireWriter, value: T): void;
}

/** `byte` (RFC 4251 section 5). */
export const byte: Codec<number> = {
  read: (reader) => reader.byte(),
  write: (writer, value) => writer.byte(value),
};

/** `boolean` (RFC 4251 section 5). */
export const boolean: Codec<boolean> = {
  read: (reader) => reader.boolean(),
  write: (writer, value) => writer.boolean(value),
};

/** `uint32` (RFC 4251 section 5). */
export const uint32: Codec<number> = {
  read: (reader) => reader.uint32(),
  write: (writer, value) => writer.uint32(value),
};

/** `uint64` (RFC 4251 section 5). */
export const uint64: Codec<bigint> = {
  read: (reader) => reader.uint64(),
  write: (writer, value) => writer.uint64(value),
};

/** `string` of any bytes; read as a view on the payload. */
export const string: Codec<Buffer> = {
  read: (reader) => reader.string(),
  write: (writer, value) => writer.string(value),
};

/** `string` of text, kept without loss even where it is not UTF-8 (see `decodeUtf8`). */
export const utf8: Codec<string> = {
  read: (reader) => reader.utf8(),
  write: (writer, value) => writer.utf8(value),
};

/** `string` of printable US-ASCII: names (RFC 4251 section 6) and language tags (RFC 3066). */
export const ascii: Codec<string> = {
  read: (reader) => reader.ascii(),
  write: (writer, value) => writer.ascii(value),
};

/** `name-list` (RFC 4251 section 5). */
export const nameList: Codec<readonly string[]> = {
  read: (reader) => reader.nameList(),
  write: (writer, value) => writer.nameList(value),
};

/** `mpint` (RFC 4251 section 5). */
export const mpint: Codec<bigint> = {
  read: (reader) => reader.mpint(),
  write: (writer, value) => writer.mpint(value),
};

/** `mpint` that is not negative, as big-endian magnitude without leading zeros; read as a view on the payload. */
export const magnitude: Codec<Buffer> = {
  read: (reader) => reader.magnitude(),
  write: (writer, value) => writer.magnitude(value),
};

/** Everything up to the end of the payload, without a length; read as a view. Only sensible as the last field. */
export const rest: Codec<Buffer> = {
  read: (reader) => reader.rest(),
  write: (writer, value) => writer.bytes(value),
};
