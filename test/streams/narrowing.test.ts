import { describe, expect, it, vi } from 'vitest';

import type { Clock } from '../../src/streams/clock.js';
import { Narrowing } from '../../src/streams/narrowing.js';
import type { SshChannel } from '../../src/protocol/channels/ssh-channel.js';
import { type Bench, bench } from '../protocol/channels/channel-bench.js';
import { type FakeClock, fakeClock } from '../../src/testing/fakes/fake-clock.js';

const KiB = 1024;
const BURST = 4 * KiB;
const ignore = (): void => undefined;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Site extends Bench {
  readonly clock: FakeClock;
  readonly narrowing: Narrowing;
}

function setUp(): Site {
  const clock = fakeClock();
  return { ...bench(), clock, narrowing: new Narrowing(clock) };
}

/** Has so much to send that it never ends. */
const writeMuch = (channel: SshChannel): void => {
  channel.write(Buffer.alloc(100 * KiB), 0, ignore);
};

describe('Narrowing', () => {
  it('slows a channel down in both directions, each by its own rate', async () => {
    const { clock, narrowing, open } = setUp();
    const channel = open();
    narrowing.addTo(channel);
    narrowing.apply({ type: 'narrow', receiveBytesPerSecond: 1000, sendBytesPerSecond: 100 });
    let read = 0;
    channel.openInput().on('data', (block: Buffer) => (read += block.length));
    await turn();
    channel.onData(Buffer.alloc(30_000), 0);
    writeMuch(channel);
    clock.advance(10_000);

    expect(read).toBe(BURST + 10_000);
    expect(channel.bytesSent).toBe(BURST + 1000);
  });

  it('leaves a direction alone for which it has no rate', () => {
    const { clock, narrowing, open } = setUp();
    const channel = open();
    narrowing.addTo(channel);
    narrowing.apply({ type: 'narrow', receiveBytesPerSecond: 1 });
    writeMuch(channel);

    expect(channel.bytesSent).toBe(100 * KiB);
    expect(clock.pending).toBe(0);
  });

  it('divides the rate among the channels, those that come later included', () => {
    const { clock, narrowing, open } = setUp();
    narrowing.apply({ type: 'narrow', sendBytesPerSecond: 1000 });
    const first = open();
    narrowing.addTo(first);
    writeMuch(first);
    clock.advance(10_000);
    expect(first.bytesSent).toBe(BURST + 10_000);

    const second = open();
    narrowing.addTo(second);
    writeMuch(second);
    clock.advance(10_000);
    expect(Math.abs(first.bytesSent - BURST - 15_000)).toBeLessThanOrEqual(100);
    expect(Math.abs(second.bytesSent - 5000)).toBeLessThanOrEqual(100);
  });

  it('charges a channel once, however often it is added', () => {
    const { clock, narrowing, open } = setUp();
    const channel = open();
    narrowing.apply({ type: 'narrow', sendBytesPerSecond: 1000 });
    narrowing.addTo(channel);
    narrowing.addTo(channel);
    writeMuch(channel);
    clock.advance(10_000);

    expect(channel.bytesSent).toBe(BURST + 10_000);
  });

  it('changes the rate while data waits, without another burst', () => {
    const { clock, narrowing, open } = setUp();
    const channel = open();
    narrowing.addTo(channel);
    narrowing.apply({ type: 'narrow', sendBytesPerSecond: 100 });
    writeMuch(channel);
    clock.advance(1000);
    expect(channel.bytesSent).toBe(BURST + 100);
    narrowing.apply({ type: 'narrow', sendBytesPerSecond: 1000 });
    clock.advance(1000);
    // Exact but for what is not worth a packet yet.
    expect(channel.bytesSent).toBeGreaterThan(BURST + 1000);
    expect(channel.bytesSent).toBeLessThanOrEqual(BURST + 1100);
  });

  it('lets everything go when the rate is lifted, and narrows again later', () => {
    const { clock, narrowing, open } = setUp();
    const channel = open();
    narrowing.addTo(channel);
    narrowing.apply({ type: 'narrow', sendBytesPerSecond: 100 });
    writeMuch(channel);
    narrowing.apply({ type: 'narrow' });
    expect(channel.bytesSent).toBe(100 * KiB);
    expect(clock.pending).toBe(0);

    narrowing.apply({ type: 'narrow', sendBytesPerSecond: 100 });
    writeMuch(channel);
    clock.advance(1000);
    expect(channel.bytesSent).toBe(100 * KiB + BURST + 100);
  });

  it('holds beside another one, so the lower rate counts', () => {
    const { clock, narrowing, open } = setUp();
    const other = new Narrowing(clock);
    const channel = open();
    for (const each of [narrowing, other]) each.addTo(channel);
    narrowing.apply({ type: 'narrow', sendBytesPerSecond: 100 });
    other.apply({ type: 'narrow', sendBytesPerSecond: 1000 });
    writeMuch(channel);
    clock.advance(10_000);
    expect(channel.bytesSent).toBe(BURST + 1000);

    narrowing.end();
    clock.advance(1000);
    // The faster one has earned a burst meanwhile.
    expect(channel.bytesSent).toBeGreaterThanOrEqual(BURST + 2000);
    expect(channel.bytesSent).toBeLessThanOrEqual(BURST + 2000 + BURST);
  });

  it('lets everything go when it ends, schedules nothing and obeys no more', () => {
    const { clock, narrowing, open } = setUp();
    const channel = open();
    narrowing.addTo(channel);
    narrowing.apply({ type: 'narrow', receiveBytesPerSecond: 1, sendBytesPerSecond: 1 });
    writeMuch(channel);
    expect(clock.pending).toBe(1);
    narrowing.end();
    expect(clock.pending).toBe(0);
    expect(channel.bytesSent).toBe(100 * KiB);

    narrowing.apply({ type: 'narrow', sendBytesPerSecond: 1 });
    narrowing.addTo(channel);
    writeMuch(channel);
    expect(channel.bytesSent).toBe(200 * KiB);
    expect(() => {
      narrowing.end();
    }).not.toThrow();
  });

  it('forgets a channel that closes, and schedules nothing for it', () => {
    const { clock, narrowing, open } = setUp();
    const channel = open();
    narrowing.addTo(channel);
    narrowing.apply({ type: 'narrow', sendBytesPerSecond: 1 });
    writeMuch(channel);
    channel.onClose();

    expect(clock.pending).toBe(0);
    narrowing.apply({ type: 'narrow', receiveBytesPerSecond: 1 });
    narrowing.addTo(channel);
    expect(clock.pending).toBe(0);
  });

  it('bears it that a channel closes at the moment when its data may go', () => {
    const { clock, narrowing, open, authority } = setUp();
    const channel = open();
    narrowing.addTo(channel);
    narrowing.apply({ type: 'narrow', sendBytesPerSecond: 1 });
    writeMuch(channel);
    authority.onChannelSent = () => {
      channel.onConnectionEnd();
    };
    narrowing.apply({ type: 'narrow', receiveBytesPerSecond: 1 });

    expect(channel.closed).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('stops listening for the end of its channels when it ends', () => {
    const { narrowing, open } = setUp();
    const channel = open();
    const stop = vi.fn();
    vi.spyOn(channel, 'whenClosed').mockReturnValue(stop);
    narrowing.addTo(channel);
    expect(stop).not.toHaveBeenCalled();
    narrowing.end();

    expect(stop).toHaveBeenCalledOnce();
  });

  it('takes all its paces away again, even if data that it sets free makes an operator narrow more', async () => {
    let late = 0;
    const manual = fakeClock();
    // The timers of a busy process come late.
    const clock: Clock = { scheduler: manual.scheduler, now: () => manual.now() + late };
    const [before, narrowing] = [new Narrowing(clock), new Narrowing(clock)];
    const channel = bench().open();
    before.addTo(channel);
    before.apply({ type: 'narrow', receiveBytesPerSecond: 1000 });
    narrowing.apply({ type: 'narrow', receiveBytesPerSecond: 1000 });
    let operator = ignore;
    channel.openInput().on('data', () => {
      operator();
    });
    await turn();
    channel.onData(Buffer.alloc(30_000), 0);
    late = 5000;
    let asked = 0;
    operator = () => {
      asked += 1;
      narrowing.apply({ type: 'narrow', receiveBytesPerSecond: 1000, sendBytesPerSecond: 1 });
    };
    narrowing.addTo(channel);
    expect(asked).toBe(1);
    narrowing.end();
    before.end();
    writeMuch(channel);

    expect(channel.bytesSent).toBe(100 * KiB);
    expect(manual.pending).toBe(0);
  });

  it.each([
    [0, 1],
    [-5, 1],
    [NaN, 1],
    [-Infinity, 1],
    [1.9, 1],
    [100.7, 100],
  ])('takes a rate of %d, which no policy of the catalogue emits, as %i', (rate, effective) => {
    const { clock, narrowing, open } = setUp();
    const channel = open();
    narrowing.addTo(channel);
    narrowing.apply({ type: 'narrow', sendBytesPerSecond: rate });
    writeMuch(channel);
    clock.advance(10_000);

    expect(channel.bytesSent).toBe(BURST + 10 * effective);
  });

  it('takes an endless rate as one that nothing reaches', () => {
    const { clock, narrowing, open } = setUp();
    const channel = open();
    narrowing.addTo(channel);
    narrowing.apply({ type: 'narrow', sendBytesPerSecond: Infinity });
    writeMuch(channel);

    expect(channel.bytesSent).toBe(100 * KiB);
    expect(clock.pending).toBe(0);
  });
});
