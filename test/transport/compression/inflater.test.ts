import { constants, createDeflate, deflateSync } from 'node:zlib';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Deflater } from '../../../src/transport/compression/deflater.js';
import { Inflater, MAX_INFLATED } from '../../../src/transport/compression/inflater.js';

/** One stream of Node's, in as many packets as there are payloads, flushed as `flush` says. */
async function deflateAll(payloads: readonly Buffer[], flush: number, level: number): Promise<readonly Buffer[]> {
  const stream = createDeflate({ level });
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const packets: Buffer[] = [];
  for (const payload of payloads) {
    stream.write(payload);
    await new Promise<void>((resolve) => {
      stream.flush(flush, resolve);
    });
    packets.push(Buffer.concat(chunks.splice(0)));
  }
  stream.destroy();
  return packets;
}

const sentences = ['the quick brown fox ', 'jumps over ', 'the lazy dog ', 'the quick brown fox '].map((it) =>
  Buffer.from(it.repeat(20)),
);

describe('an inflater', () => {
  it.each([
    ['partial', constants.Z_PARTIAL_FLUSH],
    ['sync', constants.Z_SYNC_FLUSH],
    ['full', constants.Z_FULL_FLUSH],
  ])('reads streams with %s flushes, of every level', async (_name, flush) => {
    for (const level of [0, 1, 6, 9]) {
      const inflater = new Inflater();
      const packets = await deflateAll(sentences, flush, level);

      expect(packets.map((packet) => inflater.inflate(packet))).toEqual(sentences);
      inflater.close();
    }
  });

  it('gives payloads that the next one does not overwrite', async () => {
    const inflater = new Inflater();
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = await deflateAll(
      [Buffer.alloc(20_000, 'a'), Buffer.alloc(20_000, 'b')],
      constants.Z_PARTIAL_FLUSH,
      6,
    );
    const payload = inflater.inflate(first);
    inflater.inflate(second);
    inflater.close();

    expect(payload).toEqual(Buffer.alloc(20_000, 'a'));
  });

  it.each([
    [MAX_INFLATED, true],
    [MAX_INFLATED + 1, false],
    [1000 * MAX_INFLATED, false],
  ])('takes a packet that stands for %i bytes: %s', (length, taken) => {
    const inflater = new Inflater();
    const deflater = new Deflater();
    const result = inflater.inflate(deflater.deflate(Buffer.alloc(length)));
    deflater.close();
    inflater.close();

    expect(result instanceof Error).toBe(!taken);
    if (taken) expect(result).toHaveLength(length);
  });

  it('reads nothing behind the end of a stream', () => {
    const inflater = new Inflater();

    expect(inflater.inflate(deflateSync('the end'))).toEqual(Buffer.from('the end'));
    expect(inflater.inflate(Buffer.from('more'))).toBeInstanceOf(Error);
    inflater.close();
  });

  it('makes a payload or an error of whatever comes, and never more than the bound', async () => {
    const packets = await deflateAll(sentences, constants.Z_PARTIAL_FLUSH, 6);
    const flips = fc.array(fc.tuple(fc.nat({ max: packets.length - 1 }), fc.nat(), fc.nat({ max: 7 })), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 3 }), flips, (behind, changes) => {
        const changed = packets.map((packet) => Buffer.from(packet));
        for (const [index, at, bit] of changes) {
          const packet = changed[index];
          if (packet === undefined) continue;
          const place = at % packet.length;
          packet.writeUInt8(packet.readUInt8(place) ^ (1 << bit), place);
        }
        const inflater = new Inflater();
        for (const packet of [...changed, ...behind.map((bytes) => Buffer.from(bytes))]) {
          const result = inflater.inflate(packet);
          if (result instanceof Error) break;
          expect(result.length).toBeLessThanOrEqual(MAX_INFLATED);
        }
        inflater.close();
        expect(inflater.inflate(Buffer.alloc(1))).toBeInstanceOf(Error);
      }),
      { numRuns: 500 },
    );
  });

  it('cannot be reset into life again once it is closed', () => {
    const inflater = new Inflater();
    inflater.close();
    inflater.reset();
    inflater.close();

    expect(inflater.inflate(deflateSync('x'))).toBeInstanceOf(Error);
  });
});
