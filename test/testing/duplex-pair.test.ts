import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { duplexPair } from '../../src/testing/duplex-pair.js';

/** Long enough for everything that is under way to arrive. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 50; turns += 1) await turn();
}

const happened = (stream: Duplex, event: string): Promise<unknown[]> =>
  new Promise((resolve) => {
    stream.once(event, (...args: unknown[]) => {
      resolve(args);
    });
  });

describe('duplexPair', () => {
  it('carries the bytes of each end to the other, in order', async () => {
    const [one, other] = duplexPair();
    one.write('ping ');
    one.end('pong');
    other.end('answer');

    expect((await buffer(other)).toString()).toBe('ping pong');
    expect((await buffer(one)).toString()).toBe('answer');
  });

  it('carries any bytes however they are cut, corked or not', async () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(lengths, fc.boolean(), async (lengths, corked) => {
        const blocks = lengths.map((length, index) => Buffer.alloc(length, `block ${String(index)} of many`));
        const [one, other] = duplexPair();
        if (corked) one.cork();
        for (const block of blocks) one.write(block);
        one.end();

        expect((await buffer(other)).equals(Buffer.concat(blocks))).toBe(true);
      }),
    );
  });

  it('delivers in a later turn, never inside a write', async () => {
    const [one, other] = duplexPair();
    let arrived = false;
    other.on('data', () => {
      arrived = true;
    });
    await settled();

    one.write('x');
    expect(arrived).toBe(false);
    await settled();
    expect(arrived).toBe(true);
  });

  it('keeps no memory of the writer: it may use its buffer again once the write is done', async () => {
    const [one, other] = duplexPair();
    const block = Buffer.from('first');
    one.write(block, () => block.fill('x'));
    await settled();
    one.end();

    expect((await buffer(other)).toString()).toBe('first');
  });

  it('holds a writer up as long as nobody reads, and lets it go on with the reader', async () => {
    const [one, other] = duplexPair();
    const block = Buffer.alloc(64 * 1024);
    let written = 0;
    const pump = (): void => {
      while (written < 100) {
        written += 1;
        if (!one.write(block)) {
          one.once('drain', pump);
          return;
        }
      }
      one.end();
    };
    pump();
    await settled();
    const before = written;
    await settled();
    expect(written).toBe(before);
    expect(one.writableLength + other.readableLength).toBeLessThanOrEqual(4 * block.length);

    expect(await buffer(other)).toHaveLength(100 * block.length);
  });

  it('takes no more of a corked burst than its reader wants', async () => {
    const [one, other] = duplexPair();
    one.cork();
    for (let count = 0; count < 100; count += 1) one.write(Buffer.alloc(16 * 1024));
    one.uncork();
    other.read(0);
    await settled();

    expect(other.readableLength).toBe(64 * 1024);
    expect(one.writableLength).toBe(100 * 16 * 1024);
  });

  it('lets one end write on after the other has ended', async () => {
    const [one, other] = duplexPair();
    one.end();
    one.resume();
    other.resume();
    await happened(other, 'end');
    other.end('last word');

    expect(one.destroyed).toBe(false);
    await happened(one, 'close');
  });

  it('closes both ends once both have ended and been read', async () => {
    const [one, other] = duplexPair();
    const closed = Promise.all([happened(one, 'close'), happened(other, 'close')]);
    one.resume().end();
    other.resume().end();
    await closed;

    expect([one.destroyed, other.destroyed]).toEqual([true, true]);
  });

  it('shows a destroyed end as the end of what it had handed over', async () => {
    const [one, other] = duplexPair();
    one.write('last');
    await settled();
    one.destroy();

    expect((await buffer(other)).toString()).toBe('last');
  });

  it('fails what is written to a destroyed end', async () => {
    const [one, other] = duplexPair();
    other.destroy();
    one.write('nobody');

    expect(await happened(one, 'error')).toMatchObject([{ code: 'EPIPE' }]);
    expect(one.destroyed).toBe(true);
  });

  it('fails a write that waits for a reader who is destroyed', async () => {
    const [one, other] = duplexPair();
    one.write(Buffer.alloc(1024 * 1024));
    await settled();
    other.destroy();

    expect(await happened(one, 'error')).toMatchObject([{ code: 'EPIPE' }]);
  });

  it('keeps the reason for which an end was destroyed to that end', async () => {
    const [one, other] = duplexPair();
    const failed = happened(one, 'error');
    one.destroy(new Error('boom'));

    expect(await failed).toMatchObject([{ message: 'boom' }]);
    expect(await buffer(other)).toHaveLength(0);
  });

  it('may be destroyed by what it reads', async () => {
    const [one, other] = duplexPair();
    other.on('data', () => {
      other.destroy();
    });
    one.cork();
    one.write('a');
    one.write('b');
    one.uncork();

    expect(await happened(one, 'error')).toMatchObject([{ code: 'EPIPE' }]);
  });

  it('ends an end that may not be half open together with the other', async () => {
    const [one, other] = duplexPair();
    one.allowHalfOpen = false;
    one.resume();
    other.resume();
    other.end();

    await Promise.all([happened(one, 'close'), happened(other, 'close')]);
  });

  it('closes an end without an error when the scope that holds it is left', async () => {
    const [one, other] = duplexPair();
    {
      await using held = one;
      held.write('last');
      await settled();
    }

    expect([one.closed, one.errored]).toEqual([true, null]);
    expect((await buffer(other)).toString()).toBe('last');
    await one[Symbol.asyncDispose]();
  });
});
