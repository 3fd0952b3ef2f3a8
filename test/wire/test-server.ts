import { createServer as createListener, type AddressInfo, type Server as Listener, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { onTestFinished } from 'vitest';

import {
  createServer,
  type CreateServerOptions,
  type DecideFunction,
  decide,
  type ErrorEvent,
  generateHostKey,
  grantPassword,
  type HandlerFunction,
  type SshEvent,
  type SshEvents,
  type SshEventType,
  type SshServer,
} from '../../src/index.js';
import { PlainClient } from '../support/wire-client-plain.js';
import { connectSocket, WireClient, type WireClientOptions } from '../support/wire-client.js';
import type { GatedPair } from './gated-pair.js';
import { type FakeClock, fakeClock } from '../../src/testing/fakes/fake-clock.js';

const { hostKey } = await generateHostKey();

const LISTENED = ['data', 'drain', 'end', 'error', 'close', 'readable', 'finish'] as const;

/** How many listeners a stream has for each of the events that servers listen to. */
export const listenersOf = (stream: Duplex): readonly number[] => LISTENED.map((name) => stream.listenerCount(name));

/** Lets in everybody who knows the word. */
export const passwordSecret: DecideFunction<'SSHUserAuthRequest'> = decide(
  'SSHUserAuthRequest',
  grantPassword((_user, password) => password === 'secret'),
);

export type TestServerOptions = Partial<Omit<CreateServerOptions, 'clock' | 'handlers'>> & {
  /** Default: the password `secret` lets in. */
  readonly handlers?: readonly HandlerFunction[];
};

/**
 * A real server on 127.0.0.1 whose clock stands still, with the server's ends of its connections in view. Stopped at the
 * end of its test, which fails if a connection or a timer is left.
 */
export class TestServer {
  readonly clock: FakeClock;
  readonly ssh: SshServer;
  readonly events: SshEvent[] = [];
  /** The server's end of every connection over TCP, in order of arrival. */
  readonly sockets: Socket[] = [];
  /** How many listeners the first of {@link sockets} had before it was served. */
  listenersBefore: readonly number[] = [];
  /** Whether sockets are paused when they are handed over. */
  pauseSockets = false;
  readonly #socketsClosed: Promise<unknown>[] = [];
  readonly #listener: Listener;
  readonly #clients: Duplex[] = [];
  #stopped: Promise<void> | undefined;

  private constructor(ssh: SshServer, clock: FakeClock, listener: Listener) {
    this.ssh = ssh;
    this.clock = clock;
    this.#listener = listener;
    ssh.events.all.subscribe((event) => this.events.push(event));
    listener.on('connection', (socket) => {
      if (this.sockets.length === 0) this.listenersBefore = listenersOf(socket);
      if (this.pauseSockets) socket.pause();
      this.sockets.push(socket);
      this.#socketsClosed.push(new Promise((resolve) => socket.once('close', resolve)));
      const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
      void ssh.serve(socket, { remoteAddress, remotePort, localAddress, localPort });
    });
  }

  static async start({ handlers = [passwordSecret], ...options }: TestServerOptions = {}): Promise<TestServer> {
    const clock = fakeClock();
    const ssh = await createServer({ hostKeys: [hostKey], onWarning: () => undefined, ...options, handlers, clock });
    // As SshServer.listen does it; there nobody else sees the sockets.
    const listener = createListener({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve) => {
      listener.listen(0, '127.0.0.1', resolve);
    });
    const server = new TestServer(ssh, clock, listener);
    onTestFinished(() => server.stop());
    return server;
  }

  get port(): number {
    // A TCP listener has an AddressInfo while it listens.
    return (this.#listener.address() as AddressInfo).port;
  }

  async socket(): Promise<Socket> {
    const socket = await connectSocket(this.port);
    this.#clients.push(socket);
    return socket;
  }

  async plain(): Promise<PlainClient> {
    return new PlainClient(await this.socket());
  }

  /** A client that has connected and not yet exchanged keys. */
  async connect(options?: WireClientOptions): Promise<WireClient> {
    return new WireClient(await this.socket(), options);
  }

  /** A client that has signed in. */
  async login(options?: WireClientOptions): Promise<WireClient> {
    return (await this.connect(options)).login();
  }

  /** A client that has signed in over a pair of streams in memory. */
  async loginOver(pair: GatedPair, options?: WireClientOptions): Promise<WireClient> {
    this.#clients.push(pair.near);
    this.#socketsClosed.push(new Promise((resolve) => pair.far.once('close', resolve)));
    await this.ssh.serve(pair.far, { remoteAddress: '192.0.2.1' });
    return new WireClient(pair.near, options).login();
  }

  /** The events of one kind so far. */
  of<Type extends SshEventType>(type: Type): readonly SshEvents[Type][] {
    // The tag tells the kind; TypeScript does not narrow by a tag that is itself a type parameter.
    return this.events.filter((event) => event.type === type) as unknown as readonly SshEvents[Type][];
  }

  /** What went wrong so far. */
  get errors(): readonly ErrorEvent[] {
    return this.of('Error');
  }

  /** Settles with the first event of a kind that `matches`, be it past or to come. */
  event<Type extends SshEventType>(
    type: Type,
    matches: (event: SshEvents[Type]) => boolean = () => true,
  ): Promise<SshEvents[Type]> {
    const past = this.of(type).find(matches);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve) => {
      const subscription = this.ssh.events.all.subscribe((event) => {
        // As above.
        const candidate = event as unknown as SshEvents[Type];
        if (event.type !== type || !matches(candidate)) return;
        subscription.unsubscribe();
        resolve(candidate);
      });
    });
  }

  /** Settles once every connection has closed at the server's end. */
  async socketsClosed(): Promise<void> {
    await Promise.all(this.#socketsClosed);
  }

  /** Expects that a new client is served, whatever happened to others. */
  async servesTheNext(): Promise<void> {
    const client = await this.login();
    await client.sync();
    client.destroy();
  }

  /** Ends everything. @throws if a connection or a timer is left */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    const stopped = new Promise<void>((resolve) => {
      this.#listener.close(() => {
        resolve();
      });
    });
    await this.ssh.shutdown();
    await stopped;
    await this.socketsClosed();
    const { connections } = this.ssh;
    if (connections.length > 0) throw new Error(`${String(connections.length)} connections are left`);
    if (this.clock.pending > 0) throw new Error(`${String(this.clock.pending)} timers are left`);
  }
}
