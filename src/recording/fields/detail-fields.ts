import type { RawTail } from '../../transport/wire/tail-family.js';
import { FieldError } from './field-error.js';
import type { FieldCodec } from './field-codec.js';
import type { JsonObject } from './json-object.js';
import { oneOf, text } from './plain-fields.js';
import { redactedBytes } from './redacted.js';
import { struct, type StructFields } from './struct.js';
import { type Member, variant } from './variant.js';

interface Tagged {
  readonly type: string;
}

// Distributes over the union: several names may share a shape.
type Untagged<T extends Tagged, Name extends string> = T extends Tagged
  ? Name extends T['type']
    ? Omit<T, 'type'>
    : never
  : never;

/** How each known tail of a message is written. A tail that is new does not compile until somebody has thought of its secrets. */
export type DetailTable<Detail extends Tagged> = {
  readonly [Name in Exclude<Detail, RawTail>['type']]: StructFields<Untagged<Exclude<Detail, RawTail>, Name>>;
};

/** Nobody knows what is in a tail that cannot be read, so nothing of it is written but its length. */
const raw = struct<RawTail>({ type: oneOf('other', 'malformed'), name: text, data: redactedBytes });

/** The type-specific data of a request, decoded: one of the tails of `table`, or a raw one. */
export function detailFields<Detail extends Tagged>(table: DetailTable<Detail>): FieldCodec<Detail> {
  const tails = Object.entries(table).map(([name, fields]) => [
    name,
    // The fields go with the tail of this name, which is lost in a list.
    struct({ type: oneOf(name), ...(fields as object) }),
  ]);
  // Likewise; and every Detail is a union with RawTail.
  const members = { ...Object.fromEntries(tails), other: raw, malformed: raw } as Readonly<
    Record<string, Member<Detail>>
  >;
  return variant<Detail>(({ type }: JsonObject) => type, members);
}

/** Makes the type-specific data of a request again, as bytes, of what was decoded from them and redacted. */
export const encodeDetail =
  <Detail extends Tagged>(family: { readonly encode: (detail: Detail) => Buffer }) =>
  <Written extends { readonly detail: Detail }>(
    written: Written,
    path: string,
  ): Written & { readonly data: Buffer } => {
    try {
      return { ...written, data: family.encode(written.detail) };
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new FieldError(`${path}.detail`, `cannot be encoded (${cause.message})`, written.detail);
    }
  };
