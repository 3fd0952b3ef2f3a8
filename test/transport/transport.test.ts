import type { Duplex } from 'node:stream';

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { generateHostKey } from '../../src/index.js';
import { ALGORITHM_PRESETS } from '../../src/transport/algorithm-presets.js';
import type { HostKeyOffer } from '../../src/transport/host-keys/host-key-offer.js';
import { DEFAULT_REKEY_LIMITS, type RekeyLimits } from '../../src/transport/rekey-limits.js';
import { transportReady } from '../../src/transport/transport-ready.js';
import type { TransportEnd, TransportListener } from '../../src/transport/transport-listener.js';
import { Transport } from '../../src/transport/transport.js';
import { offerOf } from '../support/host-key-offer.js';
import { WireClient } from '../support/wire-client.js';
import { gatedPair } from '../wire/gated-pair.js';
import { fakeClock } from '../../src/testing/fakes/fake-clock.js';

let offer: HostKeyOffer;

beforeAll(async () => {
  await transportReady();
  const { hostKey } = await generateHostKey();
  offer = offerOf([hostKey]);
});

/** Keeps all that it is told. */
class Recorder implements TransportListener {
  readonly log: string[] = [];
  readonly payloads: string[] = [];
  /** Of key exchanges, apart from the log. */
  readonly steps: string[] = [];
  readonly packets: string[] = [];
  readonly ends: TransportEnd[] = [];
  /** What was told after the end. */
  readonly untimely: string[] = [];
  onExchanged: (() => void) | undefined;
  onEnded: (() => void) | undefined;
  onPacketTold: ((number: number) => void) | undefined;

  onIdentification(line: string): void {
    this.#note(`identification ${line}`);
  }

  onKeyExchangeBegun(by: string, ordinal: number): void {
    this.#alive(`key exchange ${String(ordinal)} by the ${by}`, this.steps);
  }

  onAlgorithmsNegotiated(_algorithms: unknown, ordinal: number): void {
    this.#alive(`algorithms ${String(ordinal)}`, this.steps);
  }

  onPacket(direction: string, number: number, length: number): void {
    this.#alive(`${direction} ${String(number)} ${String(length)}`, this.packets);
    this.onPacketTold?.(number);
  }

  onKeysExchanged(_algorithms: unknown, ordinal: number): void {
    this.#note(`keys ${String(ordinal)}`);
    this.onExchanged?.();
  }

  onPayload(payload: Buffer): boolean {
    this.#note(`payload ${String(payload[0])}`);
    this.payloads.push(payload.toString('latin1', 1));
    return true;
  }

  maxKeyExchanges(): number {
    return 1000;
  }

  onWritable(): void {
    this.#note('writable');
  }

  onEnd(end: TransportEnd): void {
    this.#note('end');
    this.ends.push(end);
    this.onEnded?.();
  }

  #note(line: string): void {
    this.#alive(line, this.log);
  }

  #alive(line: string, lines: string[]): void {
    if (this.ends.length > 0) {
      // Kept as well: the transport takes whatever is thrown.
      this.untimely.push(line);
      throw new Error(`${line} after the end`);
    }
    lines.push(line);
  }
}

function serve(stream: Duplex, rekey: Partial<RekeyLimits> = {}, tracesPackets = false) {
  const clock = fakeClock();
  const recorder = new Recorder();
  const transport = new Transport(
    stream,
    {
      hostKeys: () => offer,
      identification: Buffer.from('test'),
      extensions: [],
      rekey: { ...DEFAULT_REKEY_LIMITS, ...rekey },
      keyExchangeTimeoutMs: 1000,
      tracesPackets,
      now: () => clock.now(),
      schedule: (delayMs, work) => {
        const timer = clock.scheduler.schedule(work, delayMs);
        return () => {
          timer.unsubscribe();
        };
      },
    },
    recorder,
  );
  return { transport, recorder, clock, stream };
}

async function connected() {
  const pair = gatedPair();
  const server = serve(pair.far);
  server.transport.start();
  const client = new WireClient(pair.near);
  await client.exchanged();
  await settle();
  return { ...pair, ...server, client };
}

const settle = async (turns = 20): Promise<void> => {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

const LISTENED = ['data', 'drain', 'end', 'error', 'close'];
const listenersOf = (stream: Duplex): readonly number[] => LISTENED.map((name) => stream.listenerCount(name));

describe('a transport', () => {
  it('says nothing before it is started', async () => {
    const { near, far } = gatedPair();
    serve(far);
    near.on('data', () => {
      throw new Error('too early');
    });
    await settle();
  });

  it('tells identification, keys and payloads, in order', async () => {
    const { client, recorder } = await connected();
    client.send(Buffer.from('\u0032hello'), Buffer.from('\u0033world'));
    await settle();

    expect(recorder.log).toEqual(['identification SSH-2.0-WireClient', 'keys 1', 'payload 50', 'payload 51']);
    expect(recorder.payloads).toEqual(['hello', 'world']);
  });

  it('sends head and body as one payload, and packets of one tick in one piece', async () => {
    const { transport, client, near } = await connected();
    const chunks: Buffer[] = [];
    near.on('data', (chunk: Buffer) => chunks.push(chunk));

    transport.send(Buffer.of(90, 1), Buffer.of(2, 3));
    transport.send(Buffer.of(91));
    await settle();

    expect(chunks).toHaveLength(1);
    expect(client.payloads).toEqual([Buffer.of(90, 1, 2, 3), Buffer.of(91)]);
  });

  it('counts the bytes of both directions as on the wire', async () => {
    const { near, far } = gatedPair();
    const counted = [near, far].map((stream) => {
      const push = stream.push.bind(stream);
      const count = { bytes: 0 };
      stream.push = (chunk: Buffer | null) => {
        count.bytes += chunk?.length ?? 0;
        return push(chunk);
      };
      return count;
    });
    const { transport } = serve(far);
    transport.start();
    await new WireClient(near).exchanged();
    transport.send(Buffer.of(90), Buffer.alloc(1000));
    await settle();

    expect([transport.bytesWritten, transport.bytesRead]).toEqual(counted.map(({ bytes }) => bytes));
    expect(transport.bytesWritten).toBeGreaterThan(1000);
  });

  it('has a session identifier once keys are exchanged, the same as the client’s', async () => {
    const { near, far } = gatedPair();
    const { transport } = serve(far);
    expect(transport.sessionId).toEqual(Buffer.alloc(0));

    transport.start();
    const client = new WireClient(near);
    await client.exchanged();
    await settle();

    expect(transport.sessionId).toEqual(client.sessionId);
    expect(transport.sessionId).toHaveLength(32);
  });

  it('is not writable while its peer does not read, and says so when it is again', async () => {
    const { transport, recorder, stopReading, readAgain, far } = await connected();
    stopReading();
    while (transport.writable) {
      transport.send(Buffer.of(94), Buffer.alloc(32_000));
      await settle(1);
    }
    expect(far.writableLength).toBeGreaterThanOrEqual(512 * 1024);
    expect(recorder.log).not.toContain('writable');

    readAgain();
    await settle(200);

    expect(recorder.log.at(-1)).toBe('writable');
    expect(transport.writable).toBe(true);
  });
});

describe('the end is told once, whatever comes together', () => {
  type Ending = (parts: Awaited<ReturnType<typeof connected>>) => void;

  const endings: Readonly<Record<string, Ending>> = {
    disconnect: ({ transport }) => {
      transport.disconnect('BY_APPLICATION', 'bye');
    },
    violation: ({ transport }) => {
      transport.violation('PROTOCOL_ERROR', 'no');
    },
    destroy: ({ transport }) => {
      transport.destroy('gone');
    },
    'an error of the stream': ({ far }) => {
      far.destroy(new Error('broken pipe'));
    },
    'a close of the stream': ({ far }) => {
      far.destroy();
    },
    'a close of the client': ({ near }) => {
      near.destroy();
    },
    'half a close of the client': ({ near }) => {
      near.end();
    },
    garbage: ({ near }) => {
      near.write(Buffer.alloc(1000, 0xff));
    },
    'DISCONNECT of the client': ({ client }) => {
      client.send(Buffer.of(1, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0));
    },
  };
  const names = Object.keys(endings);

  it.each(names.flatMap((first) => names.map((second) => [first, second] as const)))(
    '%s, then %s',
    async (first, second) => {
      const parts = await connected();

      endings[first]?.(parts);
      endings[second]?.(parts);
      await settle();
      parts.transport.send(Buffer.of(90));
      parts.transport.rekey();
      parts.clock.advance(1000);
      await settle();

      expect(parts.recorder.ends).toHaveLength(1);
      expect(parts.transport.writable).toBe(false);
      expect(parts.stream.destroyed).toBe(true);
      expect(parts.clock.pending).toBe(0);
      expect(listenersOf(parts.stream)).toEqual([0, 0, 0, 0, 0]);
    },
  );

  it('even from within the news of new keys', async () => {
    const { near, far } = gatedPair();
    const { transport, recorder } = serve(far);
    recorder.onExchanged = () => {
      transport.disconnect('BY_APPLICATION', 'not you');
    };
    transport.start();
    const client = new WireClient(near);
    await client.closed;

    expect(recorder.ends).toHaveLength(1);
    expect(client.goodbye).toEqual({ reason: 11, description: 'not you' });
  });

  it('even from within itself', async () => {
    const { transport, recorder, clock } = await connected();
    recorder.onEnded = () => {
      transport.disconnect('BY_APPLICATION', 'again');
      transport.destroy('and again');
    };
    transport.violation('PROTOCOL_ERROR', 'no');
    clock.advance(1000);

    expect(recorder.ends).toMatchObject([{ by: 'server', reason: 'PROTOCOL_ERROR' }]);
  });

  it('before the start too, and then nothing starts', async () => {
    const { near, far } = gatedPair();
    const { transport, recorder, clock } = serve(far);
    near.resume();
    transport.disconnect('BY_APPLICATION', 'too late');
    transport.start();
    clock.advance(1000);
    await settle();

    expect(recorder.ends).toHaveLength(1);
    expect(transport.bytesWritten).toBe(0);
    expect(far.destroyed).toBe(true);
    expect(listenersOf(far)).toEqual([0, 0, 0, 0, 0]);
  });
});

describe('the bytes of the client', () => {
  it('mean the same in whatever pieces they come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }),
        fc.constantFrom('aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com', 'aes128-ctr'),
        async (sizes, cipher) => {
          let next = 0;
          const { near, far } = gatedPair();
          const server = serve(far);
          server.transport.start();
          const client = new WireClient(near, { ciphers: [cipher] });
          // The server's end gets what the client writes in pieces of these sizes.
          const push = far.push.bind(far);
          far.push = (chunk: Buffer | null) => {
            if (chunk === null) return push(null);
            for (let at = 0; at < chunk.length;) {
              const size = sizes[next++ % sizes.length] ?? 1;
              far.emit('data', Buffer.from(chunk.subarray(at, at + size)));
              at += size;
            }
            return true;
          };
          await client.exchanged();
          const words = Array.from({ length: 10 }, (_, index) => 'word'.repeat(index * index));
          client.send(...words.map((word) => Buffer.from(`\u0032${word}`)));
          client.rekey();
          await client.exchanged(2);
          client.send(Buffer.from('\u0032last'));
          await settle();

          expect(server.recorder.payloads).toEqual([...words, 'last']);
          near.destroy();
          await settle(2);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('may be changed, lost or doubled anywhere: one orderly end, no exception', async () => {
    const damage = fc.record({
      at: fc.integer({ min: 0, max: 2500 }),
      kind: fc.constantFrom('flip', 'drop', 'double', 'insert'),
      byte: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(
        damage,
        fc.constantFrom(...ALGORITHM_PRESETS.compatible.ciphers),
        async ({ at, kind, byte }, cipher) => {
          let seen = 0;
          const { near, far } = gatedPair();
          const server = serve(far);
          server.transport.start();
          const push = far.push.bind(far);
          far.push = (chunk: Buffer | null) => {
            const here = chunk === null ? -1 : at - seen;
            if (chunk === null || here < 0 || here >= chunk.length) {
              seen += chunk?.length ?? 0;
              return push(chunk);
            }
            seen += chunk.length;
            const [before, hit, behind] = [
              chunk.subarray(0, here),
              chunk.subarray(here, here + 1),
              chunk.subarray(here + 1),
            ];
            const damaged = {
              flip: [before, Buffer.of(hit.readUInt8(0) ^ byte), behind],
              drop: [before, behind],
              double: [before, hit, hit, behind],
              insert: [before, Buffer.of(byte), chunk.subarray(here)],
            }[kind];
            return push(Buffer.concat(damaged));
          };
          const client = new WireClient(near, { ciphers: [cipher] });
          client.stream.on('error', () => undefined);
          await Promise.race([client.exchanged().catch(() => undefined), settle(60)]);
          client.send(...Array.from({ length: 20 }, (_, index) => Buffer.from(`\u0032message ${String(index)}`)));
          await settle(10);
          near.end();
          await settle(10);
          server.clock.advance(1000);
          await settle(10);

          expect(server.recorder.ends).toHaveLength(1);
          expect(far.destroyed).toBe(true);
          // Whatever got through is what was sent.
          for (const [index, payload] of server.recorder.payloads.entries())
            expect(payload).toBe(`message ${String(index)}`);
        },
      ),
      { numRuns: 120 },
    );
  });
});

/** Of the packets that cannot have another length. */
const shape = (packet: string): string => packet.replace(/^((?:in|out) (?:20|30|31)) \d+$/u, '$1');

describe('a transport that traces packets', () => {
  async function traced(greeting?: Buffer) {
    const pair = gatedPair();
    const server = serve(pair.far, {}, true);
    server.transport.start(greeting);
    const client = new WireClient(pair.near);
    await client.exchanged();
    await settle();
    return { ...pair, ...server, client };
  }

  it('tells number and length of each, those of key exchanges included', async () => {
    const { client, recorder, transport } = await traced();
    client.send(Buffer.from('\u0032hello'));
    await settle();
    transport.send(Buffer.from([51, 1]), Buffer.from('abc'));

    expect(recorder.packets.map(shape)).toEqual([
      'out 20',
      'in 20',
      'in 30',
      'out 31',
      'out 21 1',
      'in 21 1',
      'in 50 6',
      'out 51 5',
    ]);
  });

  it('tells those of later key exchanges, whoever begins them', async () => {
    const { client, recorder, transport } = await traced();
    recorder.packets.length = 0;
    transport.rekey();
    await settle();
    client.rekey();
    await client.exchanged(3);
    await settle();

    expect(recorder.packets.map(shape)).toEqual([
      ...['out 20', 'in 20', 'in 30', 'out 31', 'out 21 1', 'in 21 1'],
      ...['in 20', 'out 20', 'in 30', 'out 31', 'out 21 1', 'in 21 1'],
    ]);
  });

  it.each([20, 30, 31, 21, 7, 50, 51])('may be ended by whoever hears of packet %i', async (number) => {
    const pair = gatedPair();
    const { recorder, transport } = serve(pair.far, {}, true);
    recorder.onPacketTold = (told) => {
      if (told === number) transport.disconnect('BY_APPLICATION', 'enough');
    };
    transport.start();
    const client = new WireClient(pair.near, { extInfo: true });
    client.exchanged().catch(() => undefined);
    await settle();
    if (recorder.ends.length === 0) {
      client.send(Buffer.from('\u0032hello'));
      await settle();
      transport.send(Buffer.from([51]));
    }

    expect(recorder.ends).toEqual([{ by: 'server', reason: 'BY_APPLICATION', description: 'enough' }]);
    expect(recorder.untimely).toEqual([]);
    await client.closed;
  });
});

describe('a transport that does not', () => {
  it('tells of none', async () => {
    const { client, recorder, transport } = await connected();
    client.send(Buffer.from('\u0032hello'));
    transport.send(Buffer.from([51]));
    await settle();

    expect(recorder.payloads).toEqual(['hello']);
    expect(recorder.packets).toEqual([]);
  });
});

describe('a key exchange', () => {
  it('is told of when it begins, when algorithms are settled and when keys are in use', async () => {
    const { client, recorder, transport } = await connected();
    expect(recorder.steps).toEqual(['algorithms 1']);

    transport.rekey();
    expect(recorder.steps.at(-1)).toBe('key exchange 2 by the server');
    await settle();
    client.rekey();
    await client.exchanged(3);
    await settle();

    expect(recorder.steps).toEqual([
      'algorithms 1',
      'key exchange 2 by the server',
      'algorithms 2',
      'key exchange 3 by the client',
      'algorithms 3',
    ]);
    expect(recorder.log).toEqual([
      'identification SSH-2.0-WireClient',
      'keys 1',
      'keys 2',
      'writable',
      'keys 3',
      'writable',
    ]);
  });
});

describe('a greeting', () => {
  it('goes out before the identification', async () => {
    const { near, far } = gatedPair();
    const { transport } = serve(far);
    const text: string[] = [];
    near.on('data', (chunk: Buffer) => text.push(chunk.toString('latin1')));
    transport.start(Buffer.from('Welcome.\r\n'));
    await settle();

    expect(text.join('')).toBe('Welcome.\r\nSSH-2.0-test\r\n');
  });
});
