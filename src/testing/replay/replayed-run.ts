import { setImmediate } from 'node:timers/promises';

import { assembleServer } from '../../di/create-server.js';
import { endsConnection } from '../../recording/fields/ends-connection.js';
import { isRequest } from '../../recording/fields/is-request.js';
import type { RecordedEvent } from '../../recording/recorded-line.js';
import type { RecordingHeader } from '../../recording/recording-header.js';
import { connectionId, type ConnectionId } from '../../streams/connection-id.js';
import type { ConnectionRequest } from '../../streams/events/connection-request.js';
import type { SshEvent } from '../../streams/events/ssh-event.js';
import type { SshRequest } from '../../streams/events/ssh-request.js';
import { rehearseCounts } from '../../handlers/policies/counting/rehearsed-counts.js';
import type { Recollection } from '../../streams/rehearsal.js';
import { admitArrival, type SshServer } from '../../streams/ssh-server.js';
import { serverOptions } from '../simulation/server-options.js';
import { VirtualTime } from '../simulation/virtual-time.js';
import type { Recollections } from './recollections.js';
import type { ReplayOptions } from './replay-options.js';
import type { DecisionChange } from './replay-report.js';
import { ReplayedConnection } from './replayed-connection.js';

type NumberedChange = DecisionChange & { readonly seq: number };

/** What came of the replay of one run. */
export interface ReplayedRunEnd {
  readonly decisions: number;
  readonly unreached: number;
  readonly unknownCredentials: number;
  /** In the order in which they were asked. */
  readonly changes: readonly DecisionChange[];
}

/** Which requests of a replaying server were recorded under which number, and whose credentials nobody knows. */
class RequestNumbers {
  readonly #numbers = new WeakMap<SshRequest, number>();
  readonly #unknown = new Set<number>();
  readonly #known = new Set<number>();
  readonly #run: number;
  readonly #recollections: Recollections;

  constructor(run: number, recollections: Recollections) {
    this.#run = run;
    this.#recollections = recollections;
  }

  get unknownCredentials(): number {
    // What one policy has verified then, others have not; of what none of them knows, nobody does.
    return [...this.#unknown].filter((seq) => !this.#known.has(seq)).length;
  }

  note(request: SshRequest, seq: number): void {
    this.#numbers.set(request, seq);
  }

  recall(request: SshRequest, by: string): Recollection {
    const seq = this.#numbers.get(request);
    if (seq === undefined) return 'wrong';
    const known = this.#recollections.recall(this.#run, seq, by);
    (known === undefined ? this.#unknown : this.#known).add(seq);
    return known ?? 'wrong';
  }
}

/** The life of one recorded server, from its start to its end or to the end of the recording. */
export class ReplayedRun {
  readonly number: number;
  readonly #startedAt: number;
  readonly #time: VirtualTime;
  readonly #server: SshServer;
  readonly #numbers: RequestNumbers;
  readonly #release: () => void;
  readonly #recorded = new Map<ConnectionId, ReplayedConnection>();
  readonly #replayed = new Map<ConnectionId, ReplayedConnection>();
  readonly #changes: NumberedChange[] = [];
  #connections = 0;
  #decisions = 0;
  #unreached = 0;

  /** Builds the server that the run which `header` begins is replayed on. */
  static async begin(
    header: RecordingHeader,
    { observers = false, ...options }: ReplayOptions,
    recollections: Recollections,
  ): Promise<ReplayedRun> {
    const startedAt = new Date(header.startedAt).getTime();
    const time = await VirtualTime.begin(startedAt);
    const giveBackStores = rehearseCounts();
    const release = (): void => {
      giveBackStores();
      time[Symbol.dispose]();
    };
    try {
      const numbers = new RequestNumbers(header.run, recollections);
      const hold = (work: Promise<unknown>): void => {
        void time.hold(settledOrLate(work));
      };
      const rehearsal = { observers, recall: numbers.recall.bind(numbers), hold };
      const server = await assembleServer(await serverOptions(options, time.clock), rehearsal);
      return new ReplayedRun(header.run, startedAt, time, server, numbers, release);
    } catch (cause) {
      release();
      throw cause;
    }
  }

  private constructor(
    number: number,
    startedAt: number,
    time: VirtualTime,
    server: SshServer,
    numbers: RequestNumbers,
    release: () => void,
  ) {
    this.number = number;
    this.#startedAt = startedAt;
    this.#time = time;
    this.#server = server;
    this.#numbers = numbers;
    this.#release = release;
    server.events.all.subscribe((event) => {
      this.#onReplayed(event);
    });
  }

  /** @returns false if what happened cannot be replayed, since its connection is older than the recording */
  async replay({ seq, at, event }: RecordedEvent): Promise<boolean> {
    if (!('connection' in event)) return true;
    // What is due at that time comes first: the end of a session is recorded behind the timer that brought it about.
    await this.#time.passUntil(Math.floor(at));
    const connection = event.type === 'ConnectionRequest' ? this.#open(event) : this.#recorded.get(event.connection.id);
    if (connection === undefined) return !isRequest(event);
    if (event.type === 'Decided') connection.ledger.decidedThen(event, at);
    else connection.replay(event, seq, at);
    if (event.type === 'ConnectionRequest') this.#knock(connection);
    await this.#time.settle();
    if (endsConnection(event)) this.#close(connection);
    return true;
  }

  /** Ends everybody who is still connected, and the virtual time. */
  async end(): Promise<ReplayedRunEnd> {
    try {
      for (const connection of [...this.#recorded.values()]) this.#close(connection);
      await this.#time.passWhile(this.#server.shutdown());
    } finally {
      this.#release();
    }
    return {
      decisions: this.#decisions,
      unreached: this.#unreached,
      unknownCredentials: this.#numbers.unknownCredentials,
      changes: this.#changes
        .sort((one, other) => one.askedAt.getTime() - other.askedAt.getTime() || one.seq - other.seq)
        .map(({ seq: _seq, ...change }) => change),
    };
  }

  #onReplayed(event: SshEvent): void {
    const connection = 'connection' in event ? this.#replayed.get(event.connection.id) : undefined;
    if (connection === undefined) return;
    if (event.type === 'Decided') connection.ledger.decidedNow(event, this.#time.elapsed);
    else if (isRequest(event)) {
      const seq = connection.asked(event);
      if (seq !== undefined) this.#numbers.note(event, seq);
    }
  }

  #open({ connection: info }: ConnectionRequest): ReplayedConnection {
    const connection = new ReplayedConnection(info, this.#startedAt, this.#time.post);
    this.#recorded.set(info.id, connection);
    return connection;
  }

  #knock(connection: ReplayedConnection): void {
    // The replaying server counts as every server does; it must be known by its id before it is asked about it.
    this.#connections += 1;
    this.#replayed.set(connectionId(this.#connections), connection);
    admitArrival(this.#server, connection.client, connection.info);
  }

  #close(connection: ReplayedConnection): void {
    const { ledger, info } = connection;
    // Before it is cut off, which decides nothing.
    const { decisions, unreached, changes } = ledger.balance();
    connection.leave();
    this.#recorded.delete(info.id);
    this.#decisions += decisions;
    this.#unreached += unreached;
    this.#changes.push(...changes);
  }
}

/** How long real work may take, in nanoseconds: whatever waits for virtual time would wait for ever. */
const PATIENCE_NS = 2_000_000_000n;

/** Resolves when `work` has settled or {@link PATIENCE_NS} have passed. There are no timers of real time while virtual time lives. */
async function settledOrLate(work: Promise<unknown>): Promise<void> {
  const progress = { hasSettled: false };
  const settled = (): void => {
    progress.hasSettled = true;
  };
  work.then(settled, settled);
  const end = process.hrtime.bigint() + PATIENCE_NS;
  while (!progress.hasSettled && process.hrtime.bigint() < end) await setImmediate();
}
