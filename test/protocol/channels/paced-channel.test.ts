import type { Readable } from 'node:stream';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Pace } from '../../../src/protocol/channels/pace.js';
import type { SshChannel } from '../../../src/protocol/channels/ssh-channel.js';
import * as send from '../../support/wire-client-payloads.js';
import { type FakeClock, fakeClock } from '../../../src/testing/fakes/fake-clock.js';
import { type Bench, bench, dataOf, numbersOf } from './channel-bench.js';
import { paceTime } from './pace-time.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const ENDLESS = 2 ** 32 - 1;

const ignore = (): void => undefined;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const PATTERN = Buffer.alloc(MiB);
for (let at = 0; at < PATTERN.length; at += 1) PATTERN[at] = (at * 7 + (at >> 8)) & 0xff;

/** A clock, and paces on it. */
function setUp(limits: Parameters<typeof bench>[0] = {}): Bench & {
  readonly clock: FakeClock;
  /** A pace that has used up its burst. */
  readonly pace: (bytesPerSecond: number) => Pace;
} {
  const clock = fakeClock();
  const pace = (bytesPerSecond: number): Pace => {
    const made = new Pace(paceTime(clock), bytesPerSecond);
    made.reserve({ onTurn: ignore }, Infinity);
    return made;
  };
  return { ...bench(limits), clock, pace };
}

/** The data that has been sent to the client. */
const sentData = ({ link }: Bench): Buffer =>
  Buffer.concat(link.sent.filter(([number]) => number === 94 || number === 95).map(dataOf));

/** Window given back to the client, in bytes. */
const windowReturned = ({ link }: Bench): number =>
  link.sent.filter(([number]) => number === 93).reduce((sum, payload) => sum + payload.readUInt32BE(5), 0);

/** Reads as fast as it can. What has come is in the result. */
async function readAll(input: Readable): Promise<readonly Buffer[]> {
  const blocks: Buffer[] = [];
  input.on('data', (block: Buffer) => blocks.push(block));
  await turn();
  return blocks;
}

const lengthOf = (blocks: readonly Buffer[]): number => blocks.reduce((sum, { length }) => sum + length, 0);

/** The client sends data in packets, all of it at once. */
function clientSends({ table }: Bench, channel: SshChannel, data: Buffer): void {
  for (let at = 0; at < data.length; at += 32 * KiB) {
    table.onMessage(send.channelData(channel.localNumber, data.subarray(at, at + 32 * KiB)));
  }
}

describe('a channel that sends at a pace', () => {
  it('needs 15 seconds for 1 MiB at 64 KiB/s, of which the burst is the first 64 KiB', () => {
    const { clock, ...it } = setUp();
    const channel = it.open({ window: ENDLESS });
    channel.addPace('send', new Pace(paceTime(clock), 64 * KiB));
    let doneAt: number | undefined;
    channel.write(PATTERN, 0, () => {
      doneAt = clock.now();
    });
    expect(sentData(it)).toHaveLength(64 * KiB);

    for (let second = 1; second <= 15; second += 1) {
      expect(doneAt).toBeUndefined();
      clock.advance(1000);
      // Less than a turn is not worth a packet.
      expect(sentData(it).length).toBeGreaterThan((second + 1 - 0.1) * 64 * KiB);
      expect(sentData(it).length).toBeLessThanOrEqual((second + 1) * 64 * KiB);
    }
    expect(doneAt).toBe(15_000);
    expect(sentData(it).equals(PATTERN)).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('sends 10 bytes every tenth of a second at 100 bytes per second', () => {
    const { clock, pace, ...it } = setUp();
    const channel = it.open();
    channel.addPace('send', pace(100));
    channel.write(Buffer.alloc(25), 0, ignore);

    const lengths: number[] = [];
    for (let tenth = 0; tenth < 5; tenth += 1) {
      lengths.push(sentData(it).length);
      clock.advance(100);
    }
    expect(lengths).toEqual([0, 10, 20, 25, 25]);
  });

  it('counts ordinary and extended data together, and keeps their order', () => {
    const { clock, pace, ...it } = setUp();
    const channel = it.open();
    channel.addPace('send', pace(100));
    channel.write(Buffer.from('out'), 0, ignore);
    channel.write(Buffer.from('error'), 1, ignore);
    clock.advance(30);
    expect(sentData(it).toString()).toBe('out');
    clock.advance(50);
    expect(sentData(it).toString()).toBe('outerror');
  });

  it('sends EOF and CLOSE after the data', () => {
    const { clock, pace, ...it } = setUp();
    const channel = it.open();
    channel.addPace('send', pace(100));
    channel.write(Buffer.alloc(20), 0, ignore);
    channel.sendEof();
    channel.close();
    clock.advance(199);
    expect(numbersOf(it.link.sent)).toEqual([91, 94]);
    clock.advance(1);
    expect(numbersOf(it.link.sent)).toEqual([91, 94, 94, 96, 97]);
    expect(clock.pending).toBe(0);
  });

  it.each([
    [
      'abort()',
      (channel: SshChannel) => {
        channel.abort();
      },
    ],
    [
      'the CLOSE of the client',
      (channel: SshChannel) => {
        channel.onClose();
      },
    ],
    [
      'the end of the connection',
      (channel: SshChannel) => {
        channel.onConnectionEnd();
      },
    ],
  ])('drops what waits for the pace at %s, and leaves nothing scheduled', (_how, end) => {
    const { clock, pace, ...it } = setUp();
    const channel = it.open();
    let called = 0;
    channel.addPace('send', pace(1));
    channel.write(Buffer.alloc(1000), 0, () => {
      called += 1;
    });
    expect(clock.pending).toBe(1);
    end(channel);

    expect(called).toBe(1);
    expect(clock.pending).toBe(0);
    expect(sentData(it)).toHaveLength(0);
  });

  it('does not hold up a channel beside it', () => {
    const { pace, ...it } = setUp();
    const slow = it.open();
    const fast = it.open();
    slow.addPace('send', pace(1));
    slow.write(Buffer.alloc(1000), 0, ignore);
    fast.write(Buffer.alloc(1000), 0, ignore);

    expect(sentData(it)).toHaveLength(1000);
    expect(fast.bytesSent).toBe(1000);
  });

  it('shares a pace with another channel, half each', () => {
    const { clock, pace, ...it } = setUp();
    const shared = pace(64 * KiB);
    const channels = [it.open({ window: ENDLESS }), it.open({ window: ENDLESS })];
    for (const channel of channels) channel.addPace('send', shared);
    for (const channel of channels) channel.write(PATTERN, 0, ignore);
    clock.advance(10_000);

    const [first = 0, second = 0] = channels.map(({ bytesSent }) => bytesSent);
    expect(first + second).toBeGreaterThan(630 * KiB);
    expect(first + second).toBeLessThanOrEqual(640 * KiB);
    expect(Math.abs(first - second)).toBeLessThanOrEqual(6.5 * KiB);
  });

  it('waits for window and socket as always, and then for the pace', () => {
    const { clock, pace, ...it } = setUp();
    const channel = it.open({ window: 5 });
    channel.addPace('send', pace(100));
    channel.write(Buffer.alloc(20), 0, ignore);
    clock.advance(1000);
    expect(sentData(it)).toHaveLength(5);
    expect(clock.pending).toBe(0);

    it.link.writable = false;
    channel.onWindowAdjust(100);
    expect(sentData(it)).toHaveLength(5);
    it.link.writable = true;
    it.table.onWritable();
    expect(sentData(it)).toHaveLength(20);
  });

  it('goes on at once without the pace, and by the slowest of several', () => {
    const { clock, pace, ...it } = setUp();
    const channel = it.open();
    const removeSlow = channel.addPace('send', pace(100));
    const removeFast = channel.addPace('send', pace(1000));
    channel.write(Buffer.alloc(2000), 0, ignore);
    clock.advance(1000);
    expect(sentData(it)).toHaveLength(100);
    removeSlow();
    clock.advance(500);
    expect(sentData(it).length).toBeGreaterThanOrEqual(1300);
    expect(sentData(it).length).toBeLessThanOrEqual(1600);
    removeFast();
    expect(sentData(it)).toHaveLength(2000);
    expect(clock.pending).toBe(0);
  });

  it('takes a pace on while it waits for another', () => {
    const { clock, pace, ...it } = setUp();
    const channel = it.open();
    channel.addPace('send', pace(100));
    channel.write(Buffer.alloc(100), 0, ignore);
    clock.advance(50);
    channel.addPace('send', pace(50));
    clock.advance(1000);

    expect(sentData(it)).toHaveLength(50);
    channel.abort();
    expect(clock.pending).toBe(0);
  });

  it('takes no pace on when it is closed', () => {
    const { clock, pace, ...it } = setUp();
    const channel = it.open();
    channel.onClose();
    const remove = channel.addPace('send', pace(1));
    remove();

    expect(clock.pending).toBe(0);
  });
});

describe('a channel that receives at a pace', () => {
  it('delivers 1 MiB at 64 KiB/s in 15 seconds, of which the burst is the first 64 KiB', async () => {
    const { clock, ...it } = setUp();
    const channel = it.open();
    channel.addPace('receive', new Pace(paceTime(clock), 64 * KiB));
    const blocks = await readAll(channel.openInput());
    clientSends(it, channel, PATTERN);
    channel.onEof();
    expect(lengthOf(blocks)).toBe(64 * KiB);

    for (let second = 1; second <= 15; second += 1) {
      expect(lengthOf(blocks)).toBeLessThan(MiB);
      clock.advance(1000);
      expect(lengthOf(blocks)).toBeGreaterThan((second + 1 - 0.1) * 64 * KiB);
      expect(lengthOf(blocks)).toBeLessThanOrEqual((second + 1) * 64 * KiB);
    }
    expect(Buffer.concat(blocks).equals(PATTERN)).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('needs the same 15 seconds when the client has to wait for its window, which it gets back in small steps', async () => {
    const { clock, ...it } = setUp({ windowSize: 128 * KiB });
    const channel = it.open();
    channel.addPace('receive', new Pace(paceTime(clock), 64 * KiB));
    let sent = 0;
    let window = 128 * KiB;
    const steps: number[] = [];
    const sendMore = (): void => {
      while (window > 0 && sent < MiB) {
        const length = Math.min(window, 32 * KiB, MiB - sent);
        window -= length;
        sent += length;
        channel.onData(PATTERN.subarray(sent - length, sent), 0);
      }
    };
    it.link.onSend = (payload) => {
      if (payload[0] !== 93) return;
      steps.push(payload.readUInt32BE(5));
      window += payload.readUInt32BE(5);
    };
    const blocks = await readAll(channel.openInput());
    sendMore();
    for (let tenth = 0; tenth < 149; tenth += 1) {
      clock.advance(100);
      sendMore();
    }
    expect(lengthOf(blocks)).toBeLessThan(MiB);
    clock.advance(100);

    expect(Buffer.concat(blocks).equals(PATTERN)).toBe(true);
    expect(it.link.violations).toEqual([]);
    expect(Math.max(...steps)).toBeLessThan(64 * KiB);
  });

  it('splits blocks at 100 bytes per second', async () => {
    const { clock, pace, ...it } = setUp();
    const channel = it.open();
    channel.addPace('receive', pace(100));
    const blocks = await readAll(channel.openInput());
    channel.onData(PATTERN.subarray(0, 25), 0);
    clock.advance(1000);

    expect(blocks.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(Buffer.concat(blocks).equals(PATTERN.subarray(0, 25))).toBe(true);
  });

  it('holds EOF back until the data has been delivered', async () => {
    const { clock, pace, ...it } = setUp();
    const channel = it.open();
    channel.addPace('receive', pace(100));
    const input = channel.openInput();
    const blocks = await readAll(input);
    channel.onData(Buffer.alloc(10), 0);
    channel.onEof();
    await turn();
    expect(input.readableEnded).toBe(false);
    clock.advance(100);
    await turn();

    expect(lengthOf(blocks)).toBe(10);
    expect(input.readableEnded).toBe(true);
  });

  it('gives the window back at the pace where data is consumed as events, and reports data as it arrives', () => {
    const { clock, pace, ...it } = setUp({ windowSize: 64 * KiB });
    const channel = it.open({ type: 'direct-tcpip' });
    const before = it.authority.log.length;
    channel.readAsEvents();
    channel.addPace('receive', pace(32 * KiB));
    clientSends(it, channel, PATTERN.subarray(0, 64 * KiB));
    expect(it.authority.log.slice(before)).toHaveLength(2);
    expect(windowReturned(it)).toBe(0);
    clock.advance(1100);
    expect(windowReturned(it)).toBeGreaterThanOrEqual(32 * KiB);
    expect(windowReturned(it)).toBeLessThan(36 * KiB);
  });

  it('gives the window of extended data, which nobody reads, back at the pace, too', () => {
    const { clock, pace, ...it } = setUp({ windowSize: 64 * KiB });
    const channel = it.open();
    const remove = channel.addPace('receive', pace(32 * KiB));
    channel.onData(PATTERN.subarray(0, 32 * KiB), 1);
    channel.onData(PATTERN.subarray(0, 32 * KiB), 1);
    expect(windowReturned(it)).toBe(0);
    clock.advance(1100);
    expect(windowReturned(it)).toBeGreaterThanOrEqual(32 * KiB);
    expect(windowReturned(it)).toBeLessThan(36 * KiB);
    remove();
    channel.onData(PATTERN.subarray(0, 20), 1);

    expect(windowReturned(it)).toBeGreaterThanOrEqual(64 * KiB - 32 * KiB);
    expect(clock.pending).toBe(0);
  });

  it('takes no time of the pace while it is paused, and none while nobody reads', async () => {
    const { clock, pace, ...it } = setUp();
    const channel = it.open();
    channel.addPace('receive', pace(100));
    channel.onData(Buffer.alloc(100), 0);
    expect(clock.pending).toBe(0);
    channel.pause();
    const blocks = await readAll(channel.openInput());
    expect(clock.pending).toBe(0);
    channel.resume();
    clock.advance(100);
    channel.pause();
    clock.advance(1000);
    expect(lengthOf(blocks)).toBe(10);
    expect(clock.pending).toBe(0);

    channel.resume();
    expect(lengthOf(blocks)).toBe(100);
  });

  it('delivers the rest at once when the pace is taken away', async () => {
    const { clock, pace, ...it } = setUp();
    const channel = it.open();
    const remove = channel.addPace('receive', pace(1));
    const blocks = await readAll(channel.openInput());
    clientSends(it, channel, PATTERN.subarray(0, 100 * KiB));
    expect(lengthOf(blocks)).toBe(0);
    remove();
    await turn();

    expect(Buffer.concat(blocks).equals(PATTERN.subarray(0, 100 * KiB))).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('drops what waits for the pace when it is aborted, and leaves nothing scheduled', async () => {
    const { clock, pace, ...it } = setUp();
    const channel = it.open();
    channel.addPace('receive', pace(100));
    const blocks = await readAll(channel.openInput());
    channel.onData(Buffer.alloc(100), 0);
    expect(clock.pending).toBe(1);
    channel.abort();
    expect(clock.pending).toBe(0);
    clock.advance(1000);
    expect(lengthOf(blocks)).toBe(0);
  });

  it('shares a pace with another channel, half each', async () => {
    const { clock, pace, ...it } = setUp();
    const shared = pace(64 * KiB);
    const channels = [it.open(), it.open()];
    const read: (readonly Buffer[])[] = [];
    for (const channel of channels) {
      channel.addPace('receive', shared);
      read.push(await readAll(channel.openInput()));
      clientSends(it, channel, PATTERN);
    }
    clock.advance(10_000);

    const [first = 0, second = 0] = read.map(lengthOf);
    expect(first + second).toBeGreaterThan(630 * KiB);
    expect(first + second).toBeLessThanOrEqual(640 * KiB);
    expect(Math.abs(first - second)).toBeLessThanOrEqual(6.5 * KiB);
  });
});

describe('a client that closes while its data waits for a pace', () => {
  /** A client has sent 100 bytes, EOF and CLOSE at 100 bytes per second. */
  async function closedEarly(eof = true) {
    const site = setUp();
    const channel = site.open();
    channel.addPace('receive', site.pace(100));
    const input = channel.openInput();
    const blocks = await readAll(input);
    channel.onData(PATTERN.subarray(0, 100), 0);
    if (eof) channel.onEof();
    site.table.onMessage(send.channelClose(channel.localNumber));
    return { ...site, channel, input, blocks };
  }

  it('is answered at once, while the reader gets its input at the pace and the channel keeps its place', async () => {
    const { clock, channel, input, blocks, link, table, authority } = await closedEarly();
    expect(numbersOf(link.sent)).toEqual([91, 97]);
    expect([channel.closing, channel.closed, table.size]).toEqual([true, false, 1]);
    clock.advance(900);
    expect(lengthOf(blocks)).toBe(90);
    expect(channel.closed).toBe(false);
    clock.advance(100);
    expect([channel.closed, table.size, authority.log.at(-1)]).toEqual([true, 0, 'closed 0']);
    await turn();

    expect(Buffer.concat(blocks).equals(PATTERN.subarray(0, 100))).toBe(true);
    expect([input.readableEnded, input.errored]).toEqual([true, null]);
    expect(clock.pending).toBe(0);
  });

  it('waits for no reader that has paused', async () => {
    const { clock, channel, blocks } = await closedEarly();
    channel.pause();
    clock.advance(1000);

    expect(lengthOf(blocks)).toBe(100);
    expect(channel.closed).toBe(true);
  });

  it('lets go at once of who waits to write', async () => {
    const { pace, ...it } = setUp();
    const channel = it.open({ window: 0 });
    channel.addPace('receive', pace(100));
    await readAll(channel.openInput());
    let called = 0;
    channel.write(Buffer.alloc(10), 0, () => (called += 1));
    channel.onData(Buffer.alloc(10), 0);
    channel.onEof();
    channel.onClose();

    expect([called, channel.closed]).toEqual([1, false]);
  });

  it('has no effect on how the rest is delivered if the reader does not ask for it', async () => {
    const { clock, pace, ...it } = setUp();
    const channel = it.open();
    channel.addPace('receive', pace(100));
    const input = channel.openInput();
    channel.onData(PATTERN.subarray(0, 100), 0);
    channel.onEof();
    channel.onClose();
    clock.advance(1000);
    expect(channel.closed).toBe(true);

    expect(lengthOf(await readAll(input))).toBe(100);
  });

  it('is done at once without EOF, since nobody will get an input that was cut short', async () => {
    const { clock, channel, blocks, table } = await closedEarly(false);

    expect([channel.closed, table.size, clock.pending, lengthOf(blocks)]).toEqual([true, 0, 0, 0]);
  });

  it.each([
    [
      'closes the channel',
      ({ channel }: { readonly channel: SshChannel }) => {
        channel.close();
      },
    ],
    [
      'aborts the channel',
      ({ channel }: { readonly channel: SshChannel }) => {
        channel.abort();
      },
    ],
    [
      'leaves its input',
      ({ input }: { readonly input: Readable }) => {
        input.destroy();
      },
    ],
  ])('is done as soon as the program %s', async (_what, act) => {
    const site = await closedEarly();
    act(site);
    await turn();

    expect([site.channel.closed, site.table.size, site.clock.pending]).toEqual([true, 0, 0]);
    expect(numbersOf(site.link.sent)).toEqual([91, 97]);
  });

  it('is done when its connection ends, and the reader gets the rest, which is complete', async () => {
    const { clock, channel, input, blocks, table } = await closedEarly();
    table.onConnectionEnd();
    expect([channel.closed, table.size, clock.pending]).toEqual([true, 0, 0]);
    await turn();

    expect(Buffer.concat(blocks).equals(PATTERN.subarray(0, 100))).toBe(true);
    expect([input.readableEnded, input.errored]).toEqual([true, null]);
  });

  it('may not close a second time', async () => {
    const { channel, link, table } = await closedEarly();
    table.onMessage(send.channelClose(channel.localNumber));

    expect(link.violations).toEqual(['PROTOCOL_ERROR: a channel was closed twice']);
  });

  it('gets no more output, and who writes is told so', async () => {
    const { channel, link } = await closedEarly();
    let error: unknown;
    channel.write(Buffer.alloc(10), 0, (cause) => {
      error = cause;
    });
    channel.sendEof();

    expect(error).toMatchObject({ code: 'ERR_SSH_CHANNEL' });
    expect(numbersOf(link.sent)).toEqual([91, 97]);
  });
});

describe('paces that come, go and change', () => {
  it('lose nothing, disorder nothing and leave nothing scheduled', () => {
    const step = fc.oneof(
      fc.record({ act: fc.constant('write' as const), length: fc.integer({ min: 1, max: 4000 }) }),
      fc.record({ act: fc.constant('advance' as const), ms: fc.nat({ max: 500 }) }),
      fc.record({ act: fc.constant('widen' as const), bytes: fc.integer({ min: 1, max: 5000 }) }),
      fc.record({ act: fc.constant('add' as const), pace: fc.nat({ max: 2 }) }),
      fc.record({ act: fc.constant('remove' as const), index: fc.nat({ max: 3 }) }),
      fc.record({
        act: fc.constant('change' as const),
        pace: fc.nat({ max: 2 }),
        rate: fc.integer({ min: 1, max: 9999 }),
      }),
      fc.record({ act: fc.constant('block' as const), writable: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 1 }), step), { maxLength: 60 }), (steps) => {
        const { clock, pace, ...it } = setUp();
        const paces = [pace(100), pace(1000), pace(5000)];
        const channels = [0, 1].map((sender) => ({
          channel: it.open({ sender, window: 1000 }),
          written: 0,
          removals: [] as (() => void)[],
        }));
        for (const [which, { act, ...detail }] of steps) {
          const target = channels[which];
          if (target === undefined) continue;
          if ('length' in detail) {
            target.channel.write(PATTERN.subarray(target.written, target.written + detail.length), 0, ignore);
            target.written += detail.length;
          } else if ('ms' in detail) clock.advance(detail.ms);
          else if ('bytes' in detail) target.channel.onWindowAdjust(detail.bytes);
          else if ('rate' in detail) {
            const changed = paces[detail.pace];
            if (changed !== undefined) changed.bytesPerSecond = detail.rate;
          } else if ('pace' in detail) {
            const added = paces[detail.pace];
            if (added !== undefined) target.removals.push(target.channel.addPace('send', added));
          } else if ('index' in detail) target.removals.splice(detail.index, 1)[0]?.();
          else if (act === 'block') {
            it.link.writable = detail.writable;
            if (detail.writable) it.table.onWritable();
          }
        }
        it.link.writable = true;
        for (const { channel } of channels) channel.onWindowAdjust(MiB);
        it.table.onWritable();
        clock.advance(10_000_000);

        for (const { channel, written } of channels) {
          const received = Buffer.concat(
            it.link.sent
              .filter((payload) => payload[0] === 94 && payload.readUInt32BE(1) === channel.remoteNumber)
              .map(dataOf),
          );
          expect(received.equals(PATTERN.subarray(0, written))).toBe(true);
        }
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the authority of a connection', () => {
  it('is told of each packet of data that leaves, of both types, once and by its length', () => {
    const it = bench();
    const channel = it.open({ window: 100_000, maxPacket: 32 * KiB });
    channel.write(Buffer.alloc(40_000), 0, ignore);
    channel.write(Buffer.alloc(5), 1, ignore);

    expect(it.authority.sent).toEqual([32 * KiB, 40_000 - 32 * KiB, 5]);
    expect(channel.bytesSent).toBe(40_005);
  });
});
