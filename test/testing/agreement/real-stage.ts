import type { Duplex } from 'node:stream';

import { createServer, generateHostKey, type ApplicationServer } from '../../../src/index.js';
import { duplexPair, loopback } from '../../../src/testing/index.js';
import { transportReady } from '../../../src/transport/transport-ready.js';
import { type FakeClock, fakeClock } from '../../../src/testing/fakes/fake-clock.js';
import type { Account } from './account.js';
import { LibraryConnection } from './library-connection.js';
import { perform } from './perform.js';
import { quiet } from './quiet.js';
import type { ClientEars, RealConnection } from './real-connection.js';
import { AccountRecord } from './account-record.js';
import { ADDRESSES, type Move, type Play, type Stage } from './scenario.js';
import { WireConnection } from './wire-connection.js';

// The library under both sides gets ready in real time, which quiet() does not wait for.
await transportReady();
const { hostKey } = await generateHostKey('ssh-ed25519');

/** Plays on a real server with real clients, over streams in memory. */
export class RealStage implements Stage {
  readonly server: ApplicationServer;
  readonly #clock: FakeClock;
  readonly #kind: 'ssh2' | 'wire';
  readonly #record = new AccountRecord();
  /** The last connection of each client. */
  readonly #connections = new Map<string, RealConnection>();
  readonly #counts = new Map<string, number>();

  static async play({ options, acts }: Play, client: 'ssh2' | 'wire'): Promise<Account> {
    const clock = fakeClock();
    const server = await createServer({ hostKeys: [hostKey], ...options, onWarning: () => undefined, clock });
    const stage = new RealStage(server, clock, client);
    try {
      await perform(stage, acts, stage.#record);
      return stage.#record.account;
    } finally {
      for (const connection of stage.#connections.values()) connection.destroy();
      await server.shutdown();
    }
  }

  private constructor(server: ApplicationServer, clock: FakeClock, kind: 'ssh2' | 'wire') {
    this.server = server;
    this.#clock = clock;
    this.#kind = kind;
    this.#record.follow(server);
  }

  async take(client: string, move: Move): Promise<void> {
    const steps = 'length' in move ? move : [move];
    const [first] = steps;
    if (first !== undefined && 'type' in first && first.type === 'ConnectionRequest') this.#connect(client);
    else this.#connections.get(client)?.take(steps);
    await quiet(this.#record.pulse);
  }

  async pass(ms: number): Promise<void> {
    this.#clock.advance(ms);
    await quiet(this.#record.pulse);
  }

  #connect(client: string): void {
    const ordinal = (this.#counts.get(client) ?? 0) + 1;
    this.#counts.set(client, ordinal);
    const ears: ClientEars = {
      learn: (outcome) => {
        this.#record.learn({ client, connection: ordinal, ...outcome });
      },
      hear: (channel, stream, data) => {
        this.#record.hear(`${client} ${String(ordinal)}.${String(channel)} ${stream}`, data.toString());
      },
    };
    const peer = {
      remoteAddress: ADDRESSES[client] ?? '',
      remotePort: 40_000 + ordinal,
      localAddress: '192.0.2.1',
      localPort: 22,
    };
    if (this.#kind === 'ssh2') {
      this.#connections.set(
        client,
        new LibraryConnection(this.#watched(loopback(this.server, peer)), 'agreement', ears),
      );
      return;
    }
    // As loopback does it, which hides the server's end.
    const [near, far] = duplexPair();
    this.server.serve(far, peer).catch(() => near.destroy());
    this.#connections.set(client, new WireConnection(this.#watched(near), far, ears));
  }

  /** Whatever comes over `stream` is a sign of life. */
  #watched(stream: Duplex): Duplex {
    const push = stream.push.bind(stream);
    stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
      this.#record.stir();
      return push(chunk, encoding);
    };
    return stream;
  }
}
