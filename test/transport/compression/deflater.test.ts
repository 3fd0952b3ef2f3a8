import { createInflate } from 'node:zlib';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Deflater } from '../../../src/transport/compression/deflater.js';
import { Inflater, MAX_INFLATED } from '../../../src/transport/compression/inflater.js';

/** Inflates with Node's own streams what one call after the other has given. */
async function inflateAll(packets: readonly Buffer[]): Promise<Buffer> {
  const stream = createInflate();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => stream.write(Buffer.concat(packets), resolve));
  stream.destroy();
  return Buffer.concat(chunks);
}

/** Random bytes and bytes that repeat, of any length. */
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.integer({ min: 0, max: MAX_INFLATED }))
    .map(([bytes, length]) => Buffer.alloc(length, bytes)),
);

describe('a deflater', () => {
  it('makes packets that any zlib reads, and that hold their payload whole', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(payload, { maxLength: 20 }), async (payloads) => {
        const deflater = new Deflater();
        const inflater = new Inflater();
        const packets = payloads.map((it) => Buffer.from(deflater.deflate(it)));
        deflater.close();

        expect((await inflateAll(packets)).equals(Buffer.concat(payloads))).toBe(true);
        for (const [index, packet] of packets.entries()) {
          const inflated = inflater.inflate(packet);
          // Compared in one go: looking at each byte takes seconds.
          expect(inflated instanceof Buffer && payloads[index]?.equals(inflated)).toBe(true);
        }
        inflater.close();
      }),
      { numRuns: 50 },
    );
  });

  it('takes payloads of any size', async () => {
    for (const length of [0, 1, 65_000, 65_530, 65_536, 70_000, 300_000]) {
      const deflater = new Deflater();
      // Nothing in it repeats, so it does not become smaller.
      const incompressible = Buffer.from(Array.from({ length }, (_, index) => (index * index * 7919) >> 7));
      const packets = [incompressible, Buffer.from('and more')].map((it) => Buffer.from(deflater.deflate(it)));
      deflater.close();

      const all = await inflateAll(packets);
      expect(all.equals(Buffer.concat([incompressible, Buffer.from('and more')]))).toBe(true);
    }
  });

  it('remembers what it has compressed, until it is reset', () => {
    const deflater = new Deflater();
    const sentence = Buffer.from('the quick brown fox jumps over the lazy dog');
    const lengths = [0, 1].map(() => deflater.deflate(sentence).length);
    deflater.reset();
    const again = Buffer.from(deflater.deflate(sentence));
    deflater.close();

    expect(lengths[1]).toBeLessThan((lengths[0] ?? 0) / 3);
    expect(again.length).toBe(lengths[0]);
    // The header of a new stream (RFC 1950).
    expect(again.readUInt16BE(0) % 31).toBe(0);
    expect(again[0]).toBe(0x78);
  });

  it('gives its memory back when it is closed, not at the next garbage collection', () => {
    const use = (): void => {
      const deflater = new Deflater();
      deflater.deflate(Buffer.from('x'));
      deflater.close();
    };
    for (let count = 0; count < 100; count += 1) use();
    const before = process.memoryUsage.rss();
    // They touch some 200 KiB each.
    for (let count = 0; count < 1000; count += 1) use();

    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('does nothing once it is closed, and says so', () => {
    const deflater = new Deflater();
    deflater.close();
    deflater.close();
    deflater.reset();

    expect(() => deflater.deflate(Buffer.from('x'))).toThrow('the stream is closed');
  });
});
