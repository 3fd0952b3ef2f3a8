import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { InboundQueue } from '../../../src/protocol/channels/inbound-queue.js';

const drain = (queue: InboundQueue): readonly Buffer[] => {
  const blocks: Buffer[] = [];
  for (let block = queue.shift(); block !== undefined; block = queue.shift()) blocks.push(block);
  return blocks;
};

/** Memory that blocks keep from being freed. */
const memoryOf = (blocks: readonly Buffer[]): number =>
  [...new Set(blocks.map(({ buffer }) => buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);

describe('InboundQueue', () => {
  it('gives back what it got, in order, however pushes and shifts alternate', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 40_000 }));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(size, fc.constant('shift' as const), fc.record({ atMost: size })), { maxLength: 80 }),
        (steps) => {
          const queue = new InboundQueue();
          const pushed: Buffer[] = [];
          const shifted: Buffer[] = [];
          let next = 0;
          for (const step of steps) {
            if (typeof step !== 'number') {
              const atMost = step === 'shift' ? undefined : step.atMost;
              const block = queue.shift(atMost);
              if (block !== undefined) shifted.push(block);
              expect(block?.length ?? 0).toBeLessThanOrEqual(atMost ?? Infinity);
            } else {
              const block = Buffer.alloc(step, (next += 1));
              pushed.push(Buffer.from(block));
              queue.push(block);
            }
            const lengths = [pushed, shifted].map((blocks) => blocks.reduce((sum, { length }) => sum + length, 0));
            expect(queue.length).toBe((lengths[0] ?? 0) - (lengths[1] ?? 0));
          }
          shifted.push(...drain(queue));

          // Compared at the end: a block that was given away must not change any more.
          expect(Buffer.concat(shifted).equals(Buffer.concat(pushed))).toBe(true);
        },
      ),
    );
  });

  it('turns two million blocks of one byte into a few objects', () => {
    const queue = new InboundQueue();
    const byte = Buffer.of(7);
    for (let count = 0; count < 2 * 1024 * 1024; count += 1) queue.push(byte);

    const blocks = drain(queue);
    expect(blocks).toHaveLength(64);
    expect(memoryOf(blocks)).toBe(2 * 1024 * 1024);
  });

  it('does not let small blocks keep the large chunks in which they came', () => {
    for (const size of [100, 4096, 12_000]) {
      const queue = new InboundQueue();
      for (let count = 0; count < 100; count += 1) queue.push(Buffer.alloc(64 * 1024).subarray(1000, 1000 + size));

      expect(memoryOf(drain(queue))).toBeLessThan(2 * 100 * size + 32 * 1024);
    }
  });

  it('keeps large blocks as they are', () => {
    const queue = new InboundQueue();
    const block = Buffer.alloc(32 * 1024);
    queue.push(block);

    expect(queue.shift()).toBe(block);
    expect(queue.shift()).toBeUndefined();
  });

  it('tells how much it threw away', () => {
    const queue = new InboundQueue();
    queue.push(Buffer.alloc(10));
    queue.push(Buffer.alloc(20_000));

    expect(queue.clear()).toBe(20_010);
    expect(queue.length).toBe(0);
    expect(queue.shift()).toBeUndefined();
    queue.push(Buffer.of(1));
    expect(queue.shift()).toEqual(Buffer.of(1));
  });
});
