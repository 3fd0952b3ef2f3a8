import { AssertionError } from 'node:assert';
import { setImmediate, setTimeout } from 'node:timers';

import { SshServerError } from '../errors.js';
import { insideOf, type SshServer } from '../streams/ssh-server.js';
import { ConnectionWatch } from './leak-check/connection-watch.js';
import { DecisionWatch } from './leak-check/decision-watch.js';
import type { Leak, LeakWatch } from './leak-check/leak.js';
import { type ListenedTo, ListenerWatch } from './leak-check/listener-watch.js';
import { SubscriptionWatch } from './leak-check/subscription-watch.js';
import { TimerWatch } from './leak-check/timer-watch.js';
import { Simulation } from './simulation/simulation.js';

/** How {@link leakCheck} looks. */
export interface LeakCheckOptions {
  /** Whether a leak is none: what an application keeps on purpose. Default none is. */
  readonly allow?: (leak: Leak) => boolean;
  /** Emitters of the application to watch for listeners, such as a bus of events. `process` is watched in any case. */
  readonly emitters?: readonly ListenedTo[];
  /**
   * How long the end may take that follows the last goodbye, in milliseconds of real time. Default 1000; 0 in a simulation, in
   * which nothing takes time that is under way.
   */
  readonly waitMs?: number;
}

/** Turns of the event loop in which everything happens that waits for nothing but its turn. */
const TURNS = 12;

/** Weak references may need more than one collection, with turns in between. */
const COLLECTIONS = 4;

/** How long to wait before the next look, in milliseconds. */
const PAUSE_MS = 5;

// As they are now: a simulation has virtual ones, and the watch of timers takes their place.
const turnLater = setImmediate;
const waitLater = setTimeout;

/** The timers of the process can be watched by one. */
let isRunning = false;

/** A look at a server before and after its connections, made by {@link leakCheck}. */
export class LeakCheck implements AsyncDisposable {
  readonly #watches: readonly LeakWatch[];
  readonly #connections: ConnectionWatch;
  readonly #allow: (leak: Leak) => boolean;
  readonly #waitMs: number;
  #over = false;

  /** @throws SshServerError `ERR_SSH_STATE` while another check is under way */
  constructor(subject: SshServer | Simulation, { allow = () => false, emitters = [], waitMs }: LeakCheckOptions) {
    if (isRunning) {
      throw new SshServerError(
        'ERR_SSH_STATE',
        'leakCheck: another one is under way in this process. Hold each with `await using`.',
      );
    }
    isRunning = true;
    const isSimulated = subject instanceof Simulation;
    const server = isSimulated ? subject.server : subject;
    this.#allow = allow;
    this.#waitMs = waitMs ?? (isSimulated ? 0 : 1000);
    // First, so that its own subscription is not seen by the others.
    this.#connections = new ConnectionWatch(server);
    this.#watches = [
      this.#connections,
      new SubscriptionWatch(server.events, insideOf(server).denials),
      new TimerWatch(insideOf(server).clock),
      new ListenerWatch(server, [process, ...emitters], (port) => this.#connections.hasSeen(port)),
      new DecisionWatch(server),
    ];
  }

  /**
   * What is left right now of the connections that came since the check began, what is allowed left out. Waits for what is
   * ending; collects garbage.
   */
  async leaks(): Promise<readonly Leak[]> {
    if (this.#over) throw new SshServerError('ERR_SSH_STATE', 'leakCheck: this check is over');
    const deadline = process.hrtime.bigint() + BigInt(Math.round(this.#waitMs * 1e6));
    let leaks = await this.#look();
    while (leaks.length > 0 && process.hrtime.bigint() < deadline) {
      await new Promise((resolve) => waitLater(resolve, PAUSE_MS));
      leaks = await this.#look();
    }
    return leaks;
  }

  /**
   * Ends the check.
   *
   * @throws AssertionError of `node:assert` that lists each leak
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#over) return;
    try {
      const leaks = await this.leaks();
      if (leaks.length > 0)
        throw new AssertionError({ message: report(leaks), actual: leaks, expected: [], operator: 'leakCheck' });
    } finally {
      this.stop();
    }
  }

  /** Ends the check without a look, since something else has gone wrong. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    isRunning = false;
    // In the opposite order: each has what was before it.
    for (const watch of [...this.#watches].reverse()) watch.stop();
  }

  async #look(): Promise<readonly Leak[]> {
    await settle();
    const leaks = this.#watches.flatMap((watch) => watch.leaks());
    let retained = this.#connections.retained();
    for (let count = 1; retained.length > 0 && count < COLLECTIONS; count += 1) {
      await settle();
      retained = this.#connections.retained();
    }
    return [...retained, ...leaks].filter((leak) => !this.#allow(leak));
  }
}

/**
 * Fails a test if anything of a connection outlives it: a subscription to the server's events, a timer, a listener, an unanswered
 * request, or the connection itself, by a reference to it or to the `ConnectionInfo` in its events.
 *
 * Begin it when the server is ready and end it when every client has gone; both forms do so at the end of their scope. What was
 * there before stays out of it. So what a policy sets up once for the whole server, when it is first asked, such as the subscription
 * by which `penalties` learns what happens, is no leak if one connection has come and gone before. For what an
 * application keeps on purpose, such as a timer that forgets a source after an hour, there is `allow`.
 *
 * Timers are those of the server's clock, and `setTimeout` and `setInterval` as globals of the process, where also those of the
 * test itself count. Timers imported from `node:timers` are not seen. There is one check at once in a process.
 *
 * @example
 * ```ts
 * await using simulation = await simulate({ policies: { SSHUserAuthRequest: [grantPassword(() => true)] } });
 * await using check = await leakCheck(simulation);
 * simulation.client('192.0.2.7', 'crs|', { r: authRequest.password('ann', 'right') });
 * await simulation.run();
 * ```
 *
 * @throws AssertionError of `node:assert`, at the end, with each leak and where it was set up; SshServerError `ERR_SSH_STATE` while
 *   another check is under way
 */
export function leakCheck(subject: SshServer | Simulation, options?: LeakCheckOptions): Promise<LeakCheck>;
/**
 * The same for what `body` does.
 *
 * @returns what `body` returns
 */
export function leakCheck<T>(
  subject: SshServer | Simulation,
  body: () => T | PromiseLike<T>,
  options?: LeakCheckOptions,
): Promise<T>;
export async function leakCheck(
  subject: SshServer | Simulation,
  first: LeakCheckOptions | (() => unknown) = {},
  second: LeakCheckOptions = {},
): Promise<unknown> {
  // What is ending of earlier connections is not of those that come.
  await settle();
  if (typeof first !== 'function') return new LeakCheck(subject, first);
  const check = new LeakCheck(subject, second);
  try {
    const result = await first();
    await check[Symbol.asyncDispose]();
    return result;
  } finally {
    check.stop();
  }
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < TURNS; turns += 1) await new Promise((resolve) => turnLater(resolve));
}

/** Each thing once, with how often it is there. */
function report(leaks: readonly Leak[]): string {
  const counts = new Map<string, number>();
  for (const { kind, what, at } of leaks) {
    const place = at === '' ? '' : `\n${at.replace(/^/gm, '      ')}`;
    const line = `${kind}: ${what}${place}`;
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  const lines = [...counts].map(([line, count]) => `  ${count === 1 ? '' : `${String(count)} times `}${line}`);
  return `${String(leaks.length)} ${leaks.length === 1 ? 'thing' : 'things'} of connections outlived them:\n${lines.join('\n')}`;
}
