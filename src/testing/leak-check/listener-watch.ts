import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { SshServer } from '../../streams/ssh-server.js';
import type { Leak, LeakWatch } from './leak.js';

/** What one can listen to: an emitter of events, as far as it matters here. */
export type ListenedTo = Pick<EventEmitter, 'eventNames' | 'rawListeners'>;

type Listeners = ReadonlyMap<string | symbol, readonly unknown[]>;

/** An emitter, and who listened to it to begin with. */
interface Watched {
  readonly name: string;
  /** Weak: a stream that is gone has no listeners. */
  readonly emitter: WeakRef<ListenedTo>;
  readonly before: Listeners;
  /** Whether it is one of the server's at all. */
  readonly isMeant: () => boolean;
}

/** Published by Node for each socket that any server of the process accepts. */
const ACCEPTED = 'net.server.socket';

/** Watches who listens to the streams that a server serves, and to other emitters. */
export class ListenerWatch implements LeakWatch {
  readonly #server: SshServer;
  readonly #watched: Watched[];
  readonly #served: (port: number) => boolean;

  /** @param served - whether a connection came from this port */
  constructor(server: SshServer, emitters: readonly ListenedTo[], served: (port: number) => boolean) {
    this.#server = server;
    this.#served = served;
    this.#watched = emitters.map((emitter) => watch(nameOf(emitter), emitter));
    const serve = server.serve.bind(server);
    server.serve = (stream: Duplex, peer) => {
      this.#watched.push(watch('the stream that was served', stream));
      return serve(stream, peer);
    };
    subscribe(ACCEPTED, this.#onAccepted);
  }

  leaks(): readonly Leak[] {
    return this.#watched.flatMap(({ name, emitter, before, isMeant }) => {
      const still = emitter.deref();
      if (still === undefined || !isMeant()) return [];
      return [...listenersOf(still)].flatMap(([event, listeners]) => {
        const more = without(listeners, before.get(event) ?? []);
        return more.map((it): Leak => ({
          kind: 'listener',
          what: `${describe(it)} on '${String(event)}' of ${name}`,
          at: '',
        }));
      });
    });
  }

  stop(): void {
    Reflect.deleteProperty(this.#server, 'serve');
    unsubscribe(ACCEPTED, this.#onAccepted);
    this.#watched.length = 0;
  }

  readonly #onAccepted = (message: unknown): void => {
    const socket: unknown =
      typeof message === 'object' && message !== null ? Reflect.get(message, 'socket') : undefined;
    if (!(socket instanceof Socket)) return;
    const { remotePort = 0 } = socket;
    this.#watched.push({
      name: 'the socket that was accepted',
      emitter: new WeakRef(socket),
      // Told of only after the server has it, so what counts is who listens to a socket that nobody has.
      before: listenersOf(new Socket()),
      isMeant: () => this.#served(remotePort),
    });
  };
}

const watch = (name: string, emitter: ListenedTo): Watched => ({
  name,
  emitter: new WeakRef(emitter),
  before: listenersOf(emitter),
  isMeant: () => true,
});

const listenersOf = (emitter: ListenedTo): Listeners =>
  new Map(emitter.eventNames().map((event) => [event, emitter.rawListeners(event)]));

/** What is in `all` and not in `known`, each as often as it is there more. */
function without(all: readonly unknown[], known: readonly unknown[]): readonly unknown[] {
  const left = [...known];
  return all.filter((it) => {
    const index = left.indexOf(it);
    if (index !== -1) left.splice(index, 1);
    return index === -1;
  });
}

const nameOf = (emitter: ListenedTo): string =>
  emitter === process ? 'process' : `an emitter (${emitter.constructor.name})`;

const describe = (listener: unknown): string =>
  typeof listener === 'function' && listener.name !== '' ? `listener ${listener.name}` : 'a listener';
