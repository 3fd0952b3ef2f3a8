import fc from 'fast-check';
import { expect, it } from 'vitest';

import type { SshChannel } from '../../../src/protocol/channels/ssh-channel.js';
import * as send from '../../support/wire-client-payloads.js';
import { type Bench, bench, dataOf } from './channel-bench.js';

/*
 * The channel against a model of RFC 4254 section 5: whatever happens in whatever order, no window is overdrawn, and
 * every byte arrives in order, exactly once.
 */

const WINDOW = 4096;
const PACKET = 1024;

const PATTERN = Buffer.alloc(1024 * 1024);
for (let at = 0; at < PATTERN.length; at += 1) PATTERN[at] = (at * 7 + (at >> 8)) & 0xff;

/** Bytes that say where in their stream they stand. */
const pattern = (from: number, length: number): Buffer => PATTERN.subarray(from, from + length);

interface Block {
  readonly type: number;
  readonly data: Buffer;
}

/** Neighbouring blocks of one type joined: how data is cut into packets is the sender's business. */
const joined = (blocks: readonly Block[]): readonly string[] => {
  const runs: Block[] = [];
  for (const { type, data } of blocks) {
    const last = runs.at(-1);
    if (last?.type === type) runs[runs.length - 1] = { type, data: Buffer.concat([last.data, data]) };
    else runs.push({ type, data });
  }
  return runs.map(({ type, data }) => `${String(type)}:${data.toString('base64')}`);
};

/** What both ends of a channel know, kept beside the channel itself. */
class Model {
  readonly bench: Bench;
  readonly channel: SshChannel;
  /** What the server may still send. */
  peerWindow: number;
  /** What the client may still send. */
  window = WINDOW;
  /** Bytes that the client has sent, and that the application has read. */
  sent = 0;
  readonly read: Buffer[] = [];
  written = 0;
  readonly accepted: Block[] = [];
  readonly arrived: Block[] = [];
  calledBack = 0;
  writes = 0;
  eofWanted = false;
  closeWanted = false;
  eofArrived = false;
  closeArrived = false;
  clientEof = false;

  constructor(initialWindow: number, maxPacket: number) {
    this.bench = bench({ windowSize: WINDOW, maxPacketSize: PACKET, minPeerPacketSize: 1 });
    this.peerWindow = initialWindow;
    this.channel = this.bench.open({ window: initialWindow, maxPacket });
    this.bench.link.onSend = (payload) => {
      this.#arrive(payload, maxPacket);
    };
  }

  #arrive(payload: Buffer, maxPacket: number): void {
    expect(this.closeArrived).toBe(false);
    switch (payload[0]) {
      case 93:
        this.window += payload.readUInt32BE(5);
        expect(this.window).toBeLessThanOrEqual(WINDOW);
        return;
      case 94:
      case 95: {
        const data = dataOf(payload);
        expect(this.bench.link.writable).toBe(true);
        expect(this.eofArrived).toBe(false);
        expect(data.length).toBeGreaterThan(0);
        expect(data.length).toBeLessThanOrEqual(Math.min(this.peerWindow, maxPacket));
        this.peerWindow -= data.length;
        this.arrived.push({ type: payload[0] - 94, data });
        return;
      }
      case 96:
        expect(this.eofArrived).toBe(false);
        this.eofArrived = true;
        return;
      case 97:
        this.closeArrived = true;
        return;
      default:
        throw new Error(`unexpected message ${String(payload[0])}`);
    }
  }
}

interface Step {
  readonly name: string;
  readonly run: (model: Model) => void;
}

const step = (name: string, run: (model: Model) => void): Step => ({ name, run });

const size = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 5000 }));

const write = fc.tuple(fc.constantFrom(0, 1), size).map(([type, length]) =>
  step(`write ${String(length)} of type ${String(type)}`, (model) => {
    const data = pattern(model.written, length);
    if (length > 0 && !model.eofWanted && !model.closeWanted) {
      model.written += length;
      model.accepted.push({ type, data });
    }
    model.writes += 1;
    model.channel.write(data, type, () => (model.calledBack += 1));
  }),
);

const adjust = size.map((bytes) =>
  step(`adjust ${String(bytes)}`, (model) => {
    model.peerWindow += bytes;
    model.bench.table.onMessage(send.windowAdjust(0, bytes));
  }),
);

const gate = fc.boolean().map((writable) =>
  step(writable ? 'the socket drains' : 'the socket is full', ({ bench: { link, table } }) => {
    link.writable = writable;
    if (writable) table.onWritable();
  }),
);

const receive = fc.integer({ min: 0, max: PACKET }).map((wanted) =>
  step(`receive ${String(wanted)}`, (model) => {
    if (model.clientEof) return;
    const data = pattern(model.sent, Math.min(wanted, model.window));
    model.sent += data.length;
    model.window -= data.length;
    model.bench.table.onMessage(send.channelData(0, data));
  }),
);

const read = fc.integer({ min: 1, max: 3000 }).map((length) =>
  step(`read ${String(length)}`, ({ channel, read: got }) => {
    const chunk = (channel.stream.read(length) ?? channel.stream.read()) as Buffer | null;
    if (chunk !== null) got.push(chunk);
  }),
);

const pause = fc.boolean().map((paused) =>
  step(paused ? 'pause' : 'resume', ({ channel }) => {
    if (paused) channel.pause();
    else channel.resume();
  }),
);

const rare = fc.constantFrom(
  step('EOF of the client', (model) => {
    model.clientEof = true;
    model.bench.table.onMessage(send.channelEof(0));
  }),
  step('EOF of the server', (model) => {
    if (!model.closeWanted) model.eofWanted = true;
    model.channel.sendEof();
  }),
);

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: write },
    { weight: 3, arbitrary: adjust },
    { weight: 2, arbitrary: gate },
    { weight: 4, arbitrary: receive },
    { weight: 4, arbitrary: read },
    { weight: 1, arbitrary: pause },
    { weight: 1, arbitrary: rare },
  ),
  { maxLength: 60 },
);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('windows are never overdrawn, and every byte arrives in order, exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 6000 }),
      fc.integer({ min: 1, max: 2000 }),
      steps,
      async (initialWindow, maxPacket, played) => {
        const model = new Model(initialWindow, maxPacket);
        const { bench: site, channel } = model;
        for (const { run } of played) {
          run(model);
          await turn();
          expect(site.link.violations).toEqual([]);
        }

        // In the end everybody reads, and everything comes through.
        channel.resume();
        site.link.writable = true;
        site.table.onWritable();
        model.peerWindow += 1_000_000;
        site.table.onMessage(send.windowAdjust(0, 1_000_000));
        const { stream } = channel;
        const ended = stream.readableEnded || new Promise((resolve) => stream.once('end', resolve));
        stream.on('data', (chunk: Buffer) => model.read.push(chunk));
        site.table.onMessage(send.channelEof(0));
        await ended;
        model.closeWanted = true;
        channel.close();
        await turn();

        expect(Buffer.concat(model.read)).toEqual(pattern(0, model.sent));
        expect(joined(model.arrived)).toEqual(joined(model.accepted));
        expect(model.calledBack).toBe(model.writes);
        expect([channel.bytesReceived, channel.bytesSent]).toEqual([model.sent, model.written]);
        expect(model.eofArrived).toBe(model.eofWanted);
        expect(model.closeArrived).toBe(true);
        expect(channel.closed).toBe(false);

        site.table.onMessage(send.channelClose(0));
        expect(channel.closed).toBe(true);
        expect(site.table.size).toBe(0);
      },
    ),
    { numRuns: 250 },
  );
});

it('a client that closes at once after its data loses none of it, however slowly it is read', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 32_768 }), { maxLength: 12 }),
      fc.constantFrom('before', 'between', 'behind'),
      async (sizes, reads) => {
        const { table, open } = bench({ windowSize: 1024 * 1024 });
        const channel = open();
        if (reads === 'before') channel.stream.read(0);
        let sent = 0;
        for (const length of sizes) {
          table.onMessage(send.channelData(0, pattern(sent, length)));
          sent += length;
        }
        table.onMessage(send.channelEof(0));
        if (reads === 'between') channel.stream.read(0);
        table.onMessage(send.channelClose(0));
        expect(channel.closed).toBe(true);
        // Nobody has said yet what the channel is for: then nothing is to be read either.
        if (reads === 'behind') {
          expect(channel.stream.destroyed).toBe(true);
          return;
        }

        const chunks: Buffer[] = [];
        for await (const chunk of channel.stream.iterator({ destroyOnReturn: false })) {
          chunks.push(chunk as Buffer);
          await turn();
        }

        expect(Buffer.concat(chunks).equals(pattern(0, sent))).toBe(true);
        await turn();
        expect(channel.stream.destroyed).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});
