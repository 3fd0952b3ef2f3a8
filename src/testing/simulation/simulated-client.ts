import { Subject, type Observable } from 'rxjs';

import type { PeerAddress } from '../../streams/ssh-server.js';
import type { Arrival } from '../../protocol/arrival.js';
import { ClientConnection, type ClientManner } from './client-connection.js';
import type { ClientStep } from './client-action.js';
import type { ClientOutcome } from './client-outcome.js';
import type { VirtualTime } from './virtual-time.js';

/** An outcome, and when the client learned it. */
export type TimedOutcome = ClientOutcome & {
  /** Milliseconds since the simulation began. */
  readonly atMs: number;
  /** Which of the client's connections it is about, counted from 1. */
  readonly connection: number;
};

/** What a program wrote to a client. */
export interface Heard {
  /** Milliseconds since the simulation began. */
  readonly atMs: number;
  /** Which of the client's connections it came on, counted from 1. */
  readonly connection: number;
  /** Which channel of that connection, counted from 1. */
  readonly channel: number;
  readonly stream: 'stdout' | 'stderr';
  /** As UTF-8. */
  readonly text: string;
}

/** A payload that a server has received from a simulated client, or sends to it. */
export interface CarriedPayload {
  /** Which of the client's connections it is on, counted from 1. */
  readonly connection: number;
  readonly to: 'server' | 'client';
  /** The message, its number first. */
  readonly payload: Uint8Array;
}

/** What a {@link SimulatedClient} is made of. */
export interface ClientParts {
  readonly peer: PeerAddress;
  readonly manner: ClientManner;
  /** Sees what the server receives from it and sends to it. */
  readonly tap?: (it: CarriedPayload) => void;
  readonly time: VirtualTime;
  /** Takes a client to the server's door. */
  readonly knock: (arrival: Arrival, peer: PeerAddress) => void;
}

/** As good as any: nothing is signed with it. */
const SESSION_ID = Buffer.alloc(32, 1);

/** Somebody at an address of the network who speaks SSH: any number of connections, one after the other or at once. */
export class SimulatedClient {
  /** The address that the server sees. */
  readonly address: string;
  readonly #parts: ClientParts;
  readonly #outcomes: TimedOutcome[] = [];
  readonly #heard: Heard[] = [];
  readonly #learned = new Subject<TimedOutcome>();
  readonly #hears = new Subject<Heard>();
  /** Those that may live. */
  #alive: readonly ClientConnection[] = [];
  #connection: ClientConnection | undefined;
  #connections = 0;
  /** What was sent last is answered, or will not be. */
  #answered: (() => void) | undefined;
  /** Steps are taken one after the other, as each has been answered. */
  #last: Promise<void> = Promise.resolve();

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.address = parts.peer.remoteAddress ?? '';
  }

  /** Everything that this client has learned, in order. */
  get outcomes(): readonly TimedOutcome[] {
    return this.#outcomes;
  }

  /** The same as it happens. Hot; never completes. */
  get outcome(): Observable<TimedOutcome> {
    return this.#learned.asObservable();
  }

  /** Everything that programs have written to it, in order. */
  get heard(): readonly Heard[] {
    return this.#heard;
  }

  /** The same as it happens. Hot; never completes. */
  get hears(): Observable<Heard> {
    return this.#hears.asObservable();
  }

  /** All that programs have written to their output. */
  get stdout(): string {
    return this.#textOf('stdout');
  }

  /** All that programs have written to their error output. */
  get stderr(): string {
    return this.#textOf('stderr');
  }

  /**
   * Takes a step, once those before it have been answered.
   *
   * @returns what the client has learned by the time this step is answered, since the step was taken. What has no answer is
   *   done at once.
   */
  async perform(step: ClientStep): Promise<readonly TimedOutcome[]> {
    if ('action' in step && step.action === 'atOnce') return this.#interrupt(step.step);
    const before = this.#last;
    let known = 0;
    const done = before.then(() => {
      known = this.#outcomes.length;
      return this.#take(step);
    });
    this.#last = done;
    await done;
    return this.#outcomes.slice(known);
  }

  /** Hangs up on all its connections, whatever is under way. */
  leave(): void {
    for (const connection of this.#alive) connection.act({ action: 'hangUp' });
  }

  /** Takes a step while the answer to another may be under way. */
  async #interrupt(step: ClientStep): Promise<readonly TimedOutcome[]> {
    if ('type' in step && step.type === 'ConnectionRequest') {
      // Who turns to a new connection waits for nothing on the old one.
      this.#settle();
      return this.perform(step);
    }
    const known = this.#outcomes.length;
    if (this.#send(step) === undefined) this.#learn(this.#connections, { outcome: 'unsent', step });
    // Nobody answers who has gone.
    if (this.#connection?.isGone !== false) this.#settle();
    return this.#outcomes.slice(known);
  }

  #take(step: ClientStep): Promise<void> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      if ('type' in step && step.type === 'ConnectionRequest') {
        this.#connect();
        return;
      }
      const waits = this.#send(step);
      if (waits === undefined) this.#learn(this.#connections, { outcome: 'unsent', step });
      if (waits !== true) this.#settle();
    });
  }

  /** @returns whether it will be answered, or undefined if it cannot be sent */
  #send(step: ClientStep): boolean | undefined {
    return 'action' in step ? this.#connection?.act(step) : this.#connection?.request(step);
  }

  #connect(): void {
    this.#connections += 1;
    const ordinal = this.#connections;
    const { peer, manner, time, knock, tap } = this.#parts;
    const connection = new ClientConnection(
      SESSION_ID,
      manner,
      {
        learn: (outcome) => {
          this.#learn(ordinal, outcome);
        },
        hear: (channel, stream, data) => {
          const it: Heard = { atMs: time.elapsed, connection: ordinal, channel, stream, text: data.toString() };
          this.#heard.push(it);
          this.#hears.next(it);
        },
        answered: () => {
          // An earlier connection has nothing to answer any more.
          const isLast = this.#connection === connection;
          if (connection.isGone) this.#forget(connection);
          if (isLast) this.#settle();
        },
      },
      time.post,
      tap === undefined
        ? undefined
        : (to, payload) => {
            tap({ connection: ordinal, to, payload });
          },
    );
    this.#connection = connection;
    this.#alive = [...this.#alive.filter((it) => !it.isGone), connection];
    knock(connection, { ...peer, remotePort: (peer.remotePort ?? 40_001) + ordinal - 1 });
  }

  /** What has ended is not kept until the next one, which may come in a month. */
  #forget(connection: ClientConnection): void {
    if (this.#connection === connection) this.#connection = undefined;
    this.#alive = this.#alive.filter((it) => it !== connection);
  }

  #learn(connection: number, outcome: ClientOutcome): void {
    // Not spread: where objects of many shapes are spread, V8 gives each result a shape of its own, four times its size.
    const it: TimedOutcome = Object.assign({ atMs: this.#parts.time.elapsed, connection }, outcome);
    this.#outcomes.push(it);
    this.#learned.next(it);
  }

  #settle(): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.();
  }

  #textOf(stream: Heard['stream']): string {
    return this.#heard.flatMap((it) => (it.stream === stream ? [it.text] : [])).join('');
  }
}
