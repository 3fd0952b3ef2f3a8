import { describe, expect, it, vi } from 'vitest';

import { wireBytes } from '../../support/wire-bytes.js';
import * as send from '../../support/wire-client-payloads.js';
import { bench, dataOf, numbersOf } from './channel-bench.js';

const MIB = 1024 * 1024;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** How much each channel has been sent, by the client's numbers. */
function sentByChannel(payloads: readonly Buffer[]): readonly number[] {
  const bytes: number[] = [];
  for (const payload of payloads) {
    if (payload[0] !== 94) continue;
    const channel = payload.readUInt32BE(1);
    bytes[channel] = (bytes[channel] ?? 0) + dataOf(payload).length;
  }
  return bytes;
}

describe('channel numbers', () => {
  it('are the smallest that are free', () => {
    const { open, table } = bench();
    for (let sender = 0; sender < 4; sender += 1) expect(open({ sender }).localNumber).toBe(sender);
    table.onMessage(send.channelClose(1));
    table.onMessage(send.channelClose(2));

    expect(open({ sender: 9 }).localNumber).toBe(1);
    expect(open({ sender: 10 }).localNumber).toBe(2);
    expect(open({ sender: 11 }).localNumber).toBe(4);
  });

  it('are the server’s own, whatever number the client gives', () => {
    const { open, link } = bench();
    const channel = open({ sender: 0xffff_ffff });

    expect([channel.localNumber, channel.remoteNumber]).toEqual([0, 0xffff_ffff]);
    expect(link.sent[0]).toEqual(wireBytes(91, [0xffff_ffff], [0], [2 * MIB], [32 * 1024]));
  });
});

describe('turns', () => {
  it('a channel with much to send lets the others go in between', async () => {
    const { open, link } = bench();
    const greedy = open({ window: 100 * MIB });
    const modest = open({ sender: 1, window: 100 * MIB });

    greedy.write(Buffer.alloc(10 * MIB), 0, () => undefined);
    modest.write(Buffer.alloc(1000), 0, () => undefined);
    expect(sentByChannel(link.sent)[1]).toBe(1000);
    expect(sentByChannel(link.sent)[0]).toBe(MIB / 4);

    for (let count = 0; count < 100; count += 1) await turn();
    expect(sentByChannel(link.sent)).toEqual([10 * MIB, 1000]);
  });

  it('go round: ten channels with as much to send are served alike', async () => {
    const { open, link } = bench();
    const channels = Array.from({ length: 10 }, (_, sender) => open({ sender, window: 100 * MIB }));
    for (const channel of channels) channel.write(Buffer.alloc(4 * MIB), 0, () => undefined);

    for (let count = 0; count < 5; count += 1) await turn();
    const bytes = sentByChannel(link.sent);
    expect(Math.max(...bytes) - Math.min(...bytes)).toBeLessThanOrEqual(MIB / 4);
    expect(Math.max(...bytes)).toBeLessThan(4 * MIB);
  });

  it('go on where they stopped when the socket was full', async () => {
    const { open, link, table } = bench();
    const channels = Array.from({ length: 10 }, (_, sender) => open({ sender, window: 100 * MIB }));
    link.writable = false;
    for (const channel of channels) channel.write(Buffer.alloc(MIB), 0, () => undefined);
    expect(sentByChannel(link.sent)).toEqual([]);

    // The socket takes half a MiB each time.
    let room = 0;
    link.onSend = (payload) => {
      room -= payload.length;
      if (room <= 0) link.writable = false;
    };
    for (let count = 0; count < 25; count += 1) {
      room = MIB / 2;
      link.writable = true;
      table.onWritable();
      await turn();
      const bytes = Array.from({ length: 10 }, (_, channel) => sentByChannel(link.sent)[channel] ?? 0);
      expect(Math.max(...bytes) - Math.min(...bytes)).toBeLessThanOrEqual(MIB / 2);
    }

    expect(sentByChannel(link.sent)).toEqual(Array.from({ length: 10 }, () => MIB));
  });

  it('cost nothing while nobody waits', async () => {
    const immediate = vi.spyOn(globalThis, 'setImmediate');
    const { open, table, link } = bench();
    const channel = open({ window: 100 * MIB });
    channel.write(Buffer.alloc(1000), 0, () => undefined);
    table.onWritable();
    expect(immediate).not.toHaveBeenCalled();

    link.writable = false;
    channel.write(Buffer.alloc(1000), 0, () => undefined);
    expect(immediate).not.toHaveBeenCalled();

    link.writable = true;
    channel.write(Buffer.alloc(2 * MIB), 0, () => undefined);
    for (let count = 0; count < 20; count += 1) table.onWritable();
    expect(immediate.mock.calls.length).toBeLessThanOrEqual(1);
    immediate.mockRestore();
    await turn();
  });

  it('end with the connection', async () => {
    const { open, table, link } = bench();
    const channel = open({ window: 100 * MIB });
    let done = 0;
    channel.write(Buffer.alloc(10 * MIB), 0, () => (done += 1));
    link.writable = false;
    table.onConnectionEnd();
    const { length } = link.sent;

    await turn();
    table.onWritable();

    expect(link.sent).toHaveLength(length);
    expect(done).toBe(1);
    expect(table.size).toBe(0);
  });
});

describe('the end of the connection', () => {
  it('closes every channel, cuts off its streams and answers what was asked', async () => {
    const { open, table, authority } = bench();
    const first = open();
    const second = open({ sender: 1 });
    const asked = first.request('ping@test', Buffer.alloc(0), true);
    const errors: unknown[] = [];
    first.stream.on('error', (error) => errors.push(error));
    first.stream.resume();
    table.onMessage(send.channelData(0, 'cut'));

    table.onConnectionEnd();

    expect([first.closed, second.closed]).toEqual([true, true]);
    expect(await asked).toBe(false);
    await turn();
    expect(first.stream.destroyed).toBe(true);
    expect(errors).toMatchObject([{ code: 'ERR_SSH_CHANNEL' }]);
    expect(second.signal.aborted).toBe(true);
    expect(authority.log.filter((line) => line.startsWith('closed'))).toEqual(['closed 0', 'closed 1']);
    expect(await second.request('late@test', Buffer.alloc(0), true)).toBe(false);
  });

  it('is no end of file, even if the client had sent EOF', async () => {
    const { open, table } = bench();
    const channel = open();
    let ended = false;
    channel.stream.on('end', () => (ended = true));
    table.onMessage(send.channelData(0, 'unread'));
    table.onMessage(send.channelEof(0));
    table.onConnectionEnd();
    channel.stream.resume();
    await turn();

    expect(ended).toBe(false);
    expect(channel.stream.destroyed).toBe(true);
  });
});

describe('requests of the server', () => {
  it('are answered in order, and answers that nobody waits for are dropped', async () => {
    const { open, table, link } = bench();
    const channel = open();
    const first = channel.request('one@test', Buffer.of(1), true);
    const silent = channel.request('two@test', Buffer.alloc(0), false);
    const third = channel.request('three@test', Buffer.alloc(0), true);
    expect(link.sent[1]).toEqual(wireBytes(98, [0], 'one@test', 1, 1));

    table.onMessage(wireBytes(99, [0]));
    table.onMessage(wireBytes(100, [0]));
    table.onMessage(wireBytes(99, [0]));

    expect(await Promise.all([first, silent, third])).toEqual([true, true, false]);
    expect(link.violations).toEqual([]);
  });
});

describe('a granted request', () => {
  it('is answered before it takes effect, and EOF and CLOSE come after the data', () => {
    const { open, table, link, authority } = bench();
    const channel = open();
    authority.requestAnswer = {
      granted: true,
      serve: () => {
        channel.write(Buffer.from('hi'), 0, () => undefined);
        channel.write(Buffer.from('ho'), 1, () => undefined);
        channel.close();
        channel.write(Buffer.from('too late'), 0, () => undefined);
      },
    };
    table.onMessage(send.exec(0, 'x'));

    expect(numbersOf(link.sent)).toEqual([91, 99, 94, 95, 97]);
    expect(authority.log).toEqual(['opened 0', 'ready', 'requested exec']);
  });

  it.each([
    ['a second program', send.exec(0, 'again')],
    ['a second terminal', send.channelRequest(0, 'pty-req', true, 'vt100', [1], [1], [0], [0], [0])],
    ['a malformed terminal', send.channelRequest(0, 'pty-req', true, 'vt100')],
    ['a variable that comes late', send.channelRequest(0, 'env', true, 'A', 'b')],
  ])('that the session is in no state for fails all the same: %s', (_what, payload) => {
    const { open, table, link } = bench();
    open();
    table.onMessage(send.channelRequest(0, 'pty-req', true, 'vt100', [80], [24], [0], [0], [0]));
    table.onMessage(send.exec(0, 'x'));
    table.onMessage(payload);

    expect(numbersOf(link.sent)).toEqual([91, 99, 99, 100]);
  });
});
