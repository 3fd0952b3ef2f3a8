import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import * as fields from '../../../src/transport/wire/codec.js';
import type { Codec } from '../../../src/transport/wire/codec.js';
import { fixed } from '../../../src/transport/wire/fixed.js';
import { flagged } from '../../../src/transport/wire/flagged.js';
import { list } from '../../../src/transport/wire/list.js';
import { message } from '../../../src/transport/wire/message.js';
import { repeated } from '../../../src/transport/wire/repeated.js';
import { struct } from '../../../src/transport/wire/struct.js';
import { WireReader } from '../../../src/transport/wire/wire-reader.js';
import { WireWriter } from '../../../src/transport/wire/wire-writer.js';
import { arbitraryOf } from '../../support/arbitrary-of.js';
import { wireBytes } from '../../support/wire-bytes.js';

const encode = <T>(codec: Codec<T>, value: T): Buffer => {
  const writer = new WireWriter();
  codec.write(writer, value);
  return writer.finish();
};

const composites = {
  fixed: fixed(16),
  list: list(struct({ name: fields.ascii, value: fields.string }), 8),
  repeated: repeated(fields.string, 8),
  flagged: flagged('set', struct({ a: fields.byte }), struct({ a: fields.byte, b: fields.utf8 })),
  nested: struct({ a: fields.uint32, inner: struct({ b: fields.mpint }) }),
};

describe.each(Object.entries<Codec<unknown>>({ ...fields, ...composites }))('the codec %s', (_name, codec) => {
  it('reads what it writes, to the last byte', () => {
    fc.assert(
      fc.property(arbitraryOf(codec), (value) => {
        const reader = new WireReader(encode(codec, value));
        expect(codec.read(reader)).toEqual(value);
        expect(reader.complete).toBe(true);
      }),
    );
  });
});

describe('list', () => {
  const names = list(fields.ascii, 2);

  it('takes as many as allowed and refuses a higher count before reading on', () => {
    const two = new WireReader(wireBytes([2], 'a', 'b'));
    const three = new WireReader(wireBytes([3], 'a', 'b', 'c'));

    expect(names.read(two)).toEqual(['a', 'b']);
    expect(names.read(three)).toEqual([]);
    expect(three.ok).toBe(false);
  });

  it('stops at the end of the bytes, whatever the count says', () => {
    const reader = new WireReader(wireBytes([0xffff_ffff]));

    expect(list(fields.byte, 0xffff_ffff).read(reader)).toEqual([0]);
    expect(reader.ok).toBe(false);
  });

  it('throws for more than it may write', () => {
    expect(() => encode(names, ['a', 'b', 'c'])).toThrow(RangeError);
  });
});

describe('repeated', () => {
  const names = repeated(fields.ascii, 2);

  it('refuses one more than allowed', () => {
    const reader = new WireReader(wireBytes('a', 'b', 'c'));
    names.read(reader);

    expect(reader.ok).toBe(false);
    expect(() => encode(names, ['a', 'b', 'c'])).toThrow(RangeError);
  });
});

describe('fixed', () => {
  it('throws for another length', () => {
    expect(() => encode(fixed(2), Buffer.alloc(3))).toThrow(RangeError);
  });
});

describe('message', () => {
  const Hello = message(42, 'SSH_MSG_HELLO', { to: fields.utf8, times: fields.byte });

  it('writes its number and its fields in order', () => {
    expect(Hello.encode({ to: 'you', times: 3 })).toEqual(wireBytes(42, 'you', 3));
  });

  it('reads itself, under its name', () => {
    expect(Hello.decode(wireBytes(42, 'you', 3))).toEqual({ type: 'SSH_MSG_HELLO', to: 'you', times: 3 });
  });

  it('encodes what it decoded, type and all', () => {
    const decoded = Hello.decode(wireBytes(42, 'you', 3));

    expect(decoded && Hello.encode(decoded)).toEqual(wireBytes(42, 'you', 3));
  });

  it('refuses a byte behind its last field, a byte less, another number and nothing at all', () => {
    expect(Hello.decode(wireBytes(42, 'you', 3, 0))).toBeUndefined();
    expect(Hello.decode(wireBytes(42, 'you'))).toBeUndefined();
    expect(Hello.decode(wireBytes(43, 'you', 3))).toBeUndefined();
    expect(Hello.decode(Buffer.alloc(0))).toBeUndefined();
  });
});
