import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { OutboundQueue } from '../../../src/protocol/channels/outbound-queue.js';

describe('OutboundQueue', () => {
  it('cuts blocks as asked, keeps order and type, and calls back once a block has gone', () => {
    const block = fc.record({ length: fc.integer({ min: 1, max: 100 }), dataType: fc.constantFrom(0, 1) });
    fc.assert(
      fc.property(fc.array(block), fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (blocks, limits) => {
        const queue = new OutboundQueue();
        const calledBack: number[] = [];
        let taken = 0;
        blocks.forEach(({ length, dataType }, index) => {
          queue.push(Buffer.alloc(length, index), dataType, () => calledBack.push(index));
        });

        const pieces: (readonly [dataType: number, bytes: readonly number[]])[] = [];
        for (let turn = 0; !queue.isEmpty; turn += 1) {
          const limit = limits[turn % limits.length] ?? 1;
          const next = queue.nextLength;
          const piece = queue.take(limit);
          expect(piece?.data.length).toBe(Math.min(next, limit));
          if (piece !== undefined) pieces.push([piece.dataType, [...piece.data]]);
          taken += piece?.data.length ?? 0;
          queue.settle();
          const gone = blocks.filter((_, index) => calledBack.includes(index)).reduce((sum, it) => sum + it.length, 0);
          expect(gone).toBeLessThanOrEqual(taken);
        }

        const bytes = pieces.flatMap(([dataType, data]) => data.map((byte) => [dataType, byte]));
        expect(bytes).toEqual(
          blocks.flatMap(({ length, dataType }, index) => Array.from({ length }, () => [dataType, index])),
        );
        expect(calledBack).toEqual(blocks.map((_, index) => index));
      }),
    );
  });

  it('has nothing to give when it is empty', () => {
    const queue = new OutboundQueue();

    expect(queue.nextLength).toBe(0);
    expect(queue.take(10)).toBeUndefined();
    queue.settle();
    expect(queue.isEmpty).toBe(true);
  });

  it('does not copy a block that is taken whole', () => {
    const queue = new OutboundQueue();
    const data = Buffer.alloc(10);
    queue.push(data, 0, () => undefined);

    expect(queue.take(10)?.data).toBe(data);
  });

  it('calls back for everything that it drops, once, even if the caller writes again at that moment', () => {
    const queue = new OutboundQueue();
    const calledBack: string[] = [];
    queue.push(Buffer.of(1, 2), 0, () => {
      calledBack.push('first');
      queue.push(Buffer.of(9), 0, () => calledBack.push('late'));
    });
    queue.push(Buffer.of(3), 1, () => calledBack.push('second'));
    queue.take(1);

    queue.clear();
    expect(calledBack).toEqual(['first', 'second']);
    queue.clear();
    expect(calledBack).toEqual(['first', 'second', 'late']);
    expect(queue.isEmpty).toBe(true);
  });
});
