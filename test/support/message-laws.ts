import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { MessageCodec } from '../../src/transport/wire/message.js';
import type { TailFamily } from '../../src/transport/wire/tail-family.js';
import { anyBytes, arbitraryFields, arbitraryTail } from './arbitrary-of.js';

/** Declares the tests that every message codec must pass. */
export function itObeysMessageLaws<T extends object>(codec: MessageCodec<string, T>): void {
  describe(codec.name, () => {
    const values = arbitraryFields<T>(codec.fields);

    it('decodes what it encodes', () => {
      fc.assert(
        fc.property(values, (value) => {
          expect(codec.decode(codec.encode(value))).toEqual({ type: codec.name, ...value });
        }),
      );
    });

    it('never throws for any bytes', () => {
      fc.assert(
        fc.property(anyBytes, (bytes) => {
          codec.decode(bytes);
          codec.decode(Buffer.concat([Buffer.of(codec.number), bytes]));
        }),
        { numRuns: 300 },
      );
    });

    it('refuses or reads exactly every truncation', () => {
      fc.assert(
        fc.property(values, (value) => {
          const payload = codec.encode(value);
          for (let length = 0; length < payload.length; length += 1) {
            const cut = payload.subarray(0, length);
            const decoded = codec.decode(cut);
            // Only a tail without a length of its own may end early, and then nothing is made up.
            if (decoded !== undefined) expect(codec.encode(decoded)).toEqual(cut);
          }
        }),
        { numRuns: 25 },
      );
    });

    it('refuses every other message number', () => {
      fc.assert(
        fc.property(values, fc.integer({ min: 1, max: 255 }), (value, distance) => {
          const payload = codec.encode(value);
          payload.writeUInt8((codec.number + distance) % 256);
          expect(codec.decode(payload)).toBeUndefined();
        }),
        { numRuns: 20 },
      );
    });
  });
}

/** Declares the tests that every family of tails must pass. */
export function itObeysTailLaws<Known extends { readonly type: string }>(family: TailFamily<Known>): void {
  const names = Object.keys(family.table);

  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(arbitraryTail(family), (tail) => {
        expect(family.decode(family.nameOf(tail), family.encode(tail))).toEqual(tail);
      }),
      { numRuns: 500 },
    );
  });

  it('never throws for any bytes, and keeps a malformed tail as it was sent', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), anyBytes, (name, data) => {
        const tail = family.decode(name, data);
        expect(family.nameOf(tail)).toBe(name);
        if (tail.type !== name) expect(tail).toEqual({ type: 'malformed', name, data });
      }),
      { numRuns: 1000 },
    );
  });

  it('tells every truncation of a known tail from the tail itself and from an unknown name', () => {
    fc.assert(
      fc.property(arbitraryTail(family), (tail) => {
        if (tail.type === 'other') return;
        const data = family.encode(tail);
        for (let length = 0; length < data.length; length += 1) {
          const cut = data.subarray(0, length);
          const decoded = family.decode(tail.type, cut);
          if (decoded.type === tail.type) expect(family.encode(decoded)).toEqual(cut);
          else expect(decoded).toEqual({ type: 'malformed', name: tail.type, data: cut });
        }
      }),
      { numRuns: 100 },
    );
  });

  it.each(['', 'nonsense@example.com', 'other', 'malformed', 'constructor', '__proto__'])(
    'keeps the data of the unknown name %j',
    (name) => {
      const data = Buffer.from('data');
      const tail = family.decode(name, data);

      expect(tail).toEqual({ type: 'other', name, data });
      expect(family.nameOf(tail)).toBe(name);
      expect(family.encode(tail)).toEqual(data);
    },
  );
}
