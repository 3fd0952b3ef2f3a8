import type { Observable, Subscription } from 'rxjs';

import type { ApplicationServer } from '../../di/application-server.js';
import type { Clock } from '../../streams/clock.js';
import { admitArrival } from '../../streams/ssh-server.js';
import { marblesIn, parseMarbles } from '../marble-diagram.js';
import { assertSameTimeline, type TimelineEntry } from '../timeline.js';
import type { ClientManner } from './client-connection.js';
import type { ClientStep } from './client-action.js';
import { CLIENT_OUTCOME_LETTERS, type ExpectedOutcome } from './client-outcome.js';
import { ClientScript } from './client-script.js';
import { OutcomeMatcher } from './outcome-matcher.js';
import { type CarriedPayload, SimulatedClient } from './simulated-client.js';
import type { VirtualTime } from './virtual-time.js';

/** How a client of a simulation is. */
export interface SimulatedClientOptions extends Partial<ClientManner> {
  /** How often it goes through its marbles, one time behind the other. Default once. */
  readonly repeat?: number;
  /** The port that its first connection comes from; each further one comes from the next. Default 40,001. */
  readonly remotePort?: number;
  /** Sees what the server receives from this client and sends to it, at that moment and in that order. */
  readonly tap?: (it: CarriedPayload) => void;
}

/** An expectation that waits for its marbles. */
export interface SimulationExpectation<Value> {
  /** Says what has to happen, and when. Compared at the end of {@link Simulation.run}. */
  toBe(marbles: string, values?: Readonly<Record<string, Value>>): void;
}

/** What a `ssh2` client and a server of this package agree on. */
const MANNER: ClientManner = {
  identification: 'SSH-2.0-simulated',
  algorithms: {
    keyExchange: 'curve25519-sha256',
    hostKey: 'ssh-ed25519',
    cipherIn: 'aes128-gcm@openssh.com',
    cipherOut: 'aes128-gcm@openssh.com',
    macIn: '',
    macOut: '',
  },
};

/** What was seen, and what has to be. */
interface Observation {
  readonly seen: TimelineEntry[];
  readonly subscription: Subscription;
  /** Undefined until {@link SimulationExpectation.toBe} says it. */
  expected: { readonly entries: readonly TimelineEntry[]; readonly length: number } | undefined;
}

/** A server in virtual time with its clients, made by `simulate`. */
export class Simulation implements AsyncDisposable {
  /** The server, built as `createServer` builds it. */
  readonly server: ApplicationServer;
  /** The virtual time. The timers and the date of the process follow it, too. */
  readonly clock: Clock;
  readonly #time: VirtualTime;
  #observations: Observation[] = [];
  /** When the last script is over. */
  #end = 0;

  constructor(server: ApplicationServer, time: VirtualTime) {
    this.server = server;
    this.#time = time;
    this.clock = time.clock;
  }

  /** Milliseconds of virtual time since the simulation began. */
  get elapsedMs(): number {
    return this.#time.elapsed;
  }

  /** How many timers wait for their time: those of the server and, with them, all that the process has set meanwhile. */
  get waitingTimers(): number {
    return this.#time.waiting;
  }

  /**
   * Adds a client at `address`.
   *
   * Marbles draw what it does from now on: a character is 1 ms. `c` connects (and asks for authentication, as every client
   * does), `s` opens a session, `|` says goodbye, `#` is a broken network; all other letters need a step in `values`. A step
   * waits for the answer to the one before it. Without marbles the client does what {@link SimulatedClient.perform} says.
   *
   * @throws TypeError if the marbles cannot be read, or a letter has no meaning
   */
  client(
    address: string,
    marbles = '',
    values: Readonly<Record<string, ClientStep>> = {},
    { repeat = 1, remotePort = 40_001, tap, ...manner }: SimulatedClientOptions = {},
  ): SimulatedClient {
    const client = new SimulatedClient({
      peer: { remoteAddress: address, remotePort, localAddress: '192.0.2.1', localPort: 22 },
      manner: { ...MANNER, ...manner },
      time: this.#time,
      ...(tap === undefined ? {} : { tap }),
      knock: (arrival, peer) => {
        try {
          admitArrival(this.server, arrival, peer);
        } catch {
          // It was shut down: nobody listens.
          arrival.turnAway();
        }
      },
    });
    const script = new ClientScript(marbles, values, repeat);
    this.#end = Math.max(this.#end, this.elapsedMs + script.length);
    script.run(client, this.#time);
    return client;
  }

  /**
   * Expects what a client learns: `c` connected, `r` refused, `g` granted, `d` denied, `p` partial, `q` challenged, `k` key
   * acceptable, `b` banner, `o` opened, `f` unopened, `y` done, `n` failed, `e` exited, `z` closed, `w` warned, `x` disconnected, `u`
   * unsent. Give letters more to mean in `values`, such as `{ x: 'disconnected: the login took too long' }`.
   *
   * Marbles count from the beginning of the simulation.
   */
  expectClient(client: SimulatedClient): SimulationExpectation<ExpectedOutcome> {
    return this.#expect(client.outcome, (letter, values: Readonly<Record<string, ExpectedOutcome>>) => {
      const expected = values[letter] ?? CLIENT_OUTCOME_LETTERS[letter];
      return expected === undefined ? undefined : new OutcomeMatcher(expected);
    });
  }

  /** Expects what a stream emits from now on, compared in depth. Without `values` a letter stands for itself. */
  expectEvents<T>(event$: Observable<T>): SimulationExpectation<T> {
    return this.#expect(event$, (letter, values: Readonly<Record<string, T>>) => values[letter] ?? letter);
  }

  /**
   * Lets time pass, then compares what was expected.
   *
   * @param duration - such as `30d`; default to the end of the longest diagram, of clients and of expectations
   * @throws AssertionError of `node:assert` with the lines that differ; TypeError if an expectation lacks its `toBe`
   */
  async run(duration?: string): Promise<void> {
    const lengths = this.#observations.map(({ expected }) => expected?.length ?? 0);
    const end =
      duration === undefined ? Math.max(this.#end, ...lengths) : this.elapsedMs + parseMarbles(duration).length;
    if (this.#observations.some(({ expected }) => expected === undefined)) {
      throw new TypeError('simulate: an expectation without toBe() expects nothing; say what it has to be');
    }
    await this.#time.passUntil(end);
    const observations = this.#observations;
    this.#observations = [];
    for (const { subscription } of observations) subscription.unsubscribe();
    for (const { seen, expected } of observations) assertSameTimeline(seen, expected?.entries ?? []);
  }

  /**
   * Lets no time pass until `work` has settled. What does real work needs it, such as reading a file: to a simulation it would
   * otherwise take no time at all, or for ever.
   */
  hold<T>(work: Promise<T>): Promise<T> {
    return this.#time.hold(work);
  }

  /** Shuts the server down and gives the process its time back. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      for (const { subscription } of this.#observations) subscription.unsubscribe();
      await this.#time.passWhile(this.server.shutdown());
    } finally {
      this.#time[Symbol.dispose]();
    }
  }

  #expect<Value>(
    source$: Observable<unknown>,
    read: (letter: string, values: Readonly<Record<string, Value>>) => unknown,
  ): SimulationExpectation<Value> {
    const seen: TimelineEntry[] = [];
    const note = (notification: TimelineEntry['notification']): void => {
      seen.push({ frame: this.elapsedMs, notification });
    };
    const observation: Observation = {
      seen,
      subscription: source$.subscribe({
        next: (value) => {
          note({ kind: 'N', value });
        },
        error: (error: unknown) => {
          note({ kind: 'E', error });
        },
        complete: () => {
          note({ kind: 'C' });
        },
      }),
      expected: undefined,
    };
    this.#observations.push(observation);
    return {
      toBe: (marbles, values = {}) => {
        const { entries, length } = marblesIn(marbles, (character): TimelineEntry['notification'] | undefined => {
          if (character === '|') return { kind: 'C' };
          if (character === '#') return { kind: 'E', error: values['#'] };
          const value = read(character, values);
          return value === undefined ? undefined : { kind: 'N', value };
        });
        observation.expected = {
          entries: entries.map(({ frame, meaning }) => ({ frame, notification: meaning })),
          length,
        };
      },
    };
  }
}
