import { struct, type Fields } from './struct.js';
import { WireReader } from './wire-reader.js';
import { WireWriter } from './wire-writer.js';

/** A decoded message: its name in the RFCs as `type`, and its fields. */
export type Message<Name extends string, T> = { readonly type: Name } & Readonly<T>;

/** One SSH message: its number, its name in the RFCs, and its payload in both directions. */
export interface MessageCodec<Name extends string, T> {
  /** First byte of the payload (RFC 4250 section 4.1). */
  readonly number: number;
  /** Name in the RFCs; also the `type` of decoded messages. */
  readonly name: Name;
  readonly fields: Fields<T>;

  /**
   * Reads a whole payload, message number included. Never throws.
   *
   * Undefined for another number, for fields that do not fit, and for bytes behind the last field: the RFCs extend the
   * protocol by names and message numbers, never by longer messages, and OpenSSH refuses trailing bytes as well.
   *
   * Buffers in the result are views on `payload`. Copy what must outlive it.
   */
  decode(payload: Uint8Array): Message<Name, T> | undefined;

  /**
   * Builds a payload. A decoded message is taken as well: its `type` is ignored.
   *
   * @throws RangeError if a value does not fit its field.
   */
  encode(values: Readonly<T>): Buffer;
}

/** The messages that a {@link MessageCodec} decodes. */
export type MessageOf<M> = M extends MessageCodec<infer Name, infer T> ? Message<Name, T> : never;

/** Defines a message by its number, its name in the RFCs and its fields in the order of the wire. */
export function message<Name extends `SSH_MSG_${string}`, T extends object>(
  number: number,
  name: Name,
  fields: Fields<T>,
): MessageCodec<Name, T> {
  const body = struct(fields);
  return {
    number,
    name,
    fields,
    decode(payload) {
      if (payload[0] !== number) return undefined;

      const reader = new WireReader(payload, 1);
      const values = body.read(reader);
      return reader.complete ? { type: name, ...values } : undefined;
    },
    encode(values) {
      const writer = new WireWriter().byte(number);
      body.write(writer, values);
      return writer.finish();
    },
  };
}
