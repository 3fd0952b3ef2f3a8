import fc, { type Arbitrary } from 'fast-check';

import { port } from '../../src/protocol/messages/port.js';
import * as wire from '../../src/transport/wire/codec.js';
import type { Codec } from '../../src/transport/wire/codec.js';
import type { FixedCodec } from '../../src/transport/wire/fixed.js';
import type { FlaggedCodec } from '../../src/transport/wire/flagged.js';
import type { ListCodec } from '../../src/transport/wire/list.js';
import type { StructCodec } from '../../src/transport/wire/struct.js';
import type { RawTail, TailFamily } from '../../src/transport/wire/tail-family.js';
import type { TaggedCodec } from '../../src/transport/wire/tagged.js';
import { decodeUtf8 } from '../../src/transport/wire/utf8.js';

/** Any bytes, as the Buffer that readers hand out. */
export const anyBytes: Arbitrary<Buffer> = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes));

/** Text as a peer sends it: well-formed UTF-8 of every plane, or bytes that are none. */
const anyText: Arbitrary<string> = fc.oneof(fc.string({ unit: 'binary' }), anyBytes.map(decodeUtf8));

const printable = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) });
const name = fc.stringMatching(/^[!-+\--~]+$/);
const magnitude = fc.bigInt({ min: 1n, max: 2n ** 600n }).map((value) => {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
});

const leaves = new Map<unknown, Arbitrary<unknown>>([
  [wire.byte, fc.integer({ min: 0, max: 0xff })],
  [wire.boolean, fc.boolean()],
  [wire.uint32, fc.integer({ min: 0, max: 0xffff_ffff })],
  [wire.uint64, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })],
  [wire.string, anyBytes],
  [wire.utf8, anyText],
  [wire.ascii, printable],
  [wire.nameList, fc.array(name, { maxLength: 12 })],
  [wire.mpint, fc.bigInt({ min: -(2n ** 600n), max: 2n ** 600n })],
  [wire.magnitude, magnitude],
  [wire.rest, anyBytes],
  [port, fc.integer({ min: 0, max: 0xffff })],
]);

type Composite = Partial<
  StructCodec<object> & ListCodec<unknown> & FixedCodec & FlaggedCodec<string, object, object> & TaggedCodec<AnyTail>
>;
type AnyTail = { readonly type: string };

/** Every value that `codec` can write, derived from what the codec is made of. */
export function arbitraryOf<T>(codec: Codec<T>): Arbitrary<T> {
  // The value built below follows the codec part by part, which no type can express.
  return build(codec) as Arbitrary<T>;
}

/** Every value of a message's fields. */
export function arbitraryFields<T>(fields: { readonly [Name in keyof T]: Codec<T[Name]> }): Arbitrary<T> {
  const parts = Object.entries<Codec<unknown>>(fields).map(([key, codec]) => [key, arbitraryOf(codec)] as const);
  // As above. `noNullPrototype`, because readers build ordinary objects.
  return fc.record(Object.fromEntries(parts), { noNullPrototype: true }) as unknown as Arbitrary<T>;
}

/** Every tail of a family: of each known name, and of one that is unknown. */
export function arbitraryTail<Known extends AnyTail>(family: TailFamily<Known>): Arbitrary<Known | RawTail> {
  const known = Object.entries<Codec<object>>(family.table).map(([type, codec]) =>
    // As above.
    arbitraryOf(codec).map((tail) => ({ type, ...tail }) as unknown as Known),
  );
  const other = fc.record({ type: fc.constant('other' as const), name: printable, data: anyBytes });
  return fc.oneof(
    ...known,
    other.filter((tail) => !Object.hasOwn(family.table, tail.name)).map((tail): RawTail => ({ ...tail })),
  );
}

function build(codec: Codec<unknown>): Arbitrary<unknown> {
  const leaf = leaves.get(codec);
  if (leaf !== undefined) return leaf;

  // Composite codecs carry their parts; which they are is asked right here.
  const composite = codec as Composite;
  if (composite.fields) return arbitraryFields(composite.fields);
  if (composite.element) return fc.array(arbitraryOf(composite.element), { maxLength: 8 });
  if (composite.length !== undefined)
    return fc
      .uint8Array({ minLength: composite.length, maxLength: composite.length })
      .map((bytes) => Buffer.from(bytes));
  if (composite.family) return arbitraryTail(composite.family);
  const { flag, whenFalse, whenTrue } = composite;
  if (flag === undefined || !whenFalse || !whenTrue) throw new Error('a codec without a known arbitrary');
  return fc.oneof(
    arbitraryOf(whenFalse).map((value) => ({ [flag]: false, ...value })),
    arbitraryOf(whenTrue).map((value) => ({ [flag]: true, ...value })),
  );
}
