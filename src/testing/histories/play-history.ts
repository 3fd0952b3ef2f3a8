import { Subscription } from 'rxjs';

import type { Simulation } from '../simulation/simulation.js';
import { type ClientHistory, scriptOf } from './client-history.js';
import type { HistoryTrace, TraceEntry } from './history-trace.js';
import type { VerdictWatch } from './verdict-watch.js';

/** How {@link playHistory} goes about it. */
export interface PlayOptions {
  /** Watches the policies of the simulated server. Without it nobody knows what they said, only what the server heard. */
  readonly watch?: VerdictWatch;
  /**
   * How long everybody waits at the end, once with the clients still there, for what has not been answered yet, and once with
   * all of them gone, for what remembers them for a while. A time as in marbles. Default an hour.
   */
  readonly quiet?: string;
}

/** Each client has a thousand ports of its own: the connections of one address must not be taken for each other. */
const FIRST_PORT = 10_000;
const PORTS = 1000;

/**
 * Has the clients of `history` do what it says, on a server of any kind, and writes down what happens there.
 *
 * One simulation can play many histories one after the other, if what its policies remember of the former may concern the
 * later. A failure is easier to repeat with a simulation for each.
 */
export async function playHistory(
  simulation: Simulation,
  history: ClientHistory,
  { watch, quiet = '1h' }: PlayOptions = {},
): Promise<HistoryTrace> {
  const entries: TraceEntry[] = [];
  const before = { connections: simulation.server.connections.length, timers: simulation.waitingTimers };
  const seen = new Subscription();
  seen.add(simulation.server.events.all.subscribe((event) => entries.push({ kind: 'event', event })));
  seen.add(watch?.denials.subscribe((denial) => entries.push({ kind: 'denial', ...denial })));
  try {
    const clients = history.clients.map((client, index) => {
      const { marbles, values } = scriptOf(client);
      const remotePort = FIRST_PORT + index * PORTS;
      return simulation.client(client.address, marbles, values, {
        asksForService: !client.silent,
        remotePort,
        tap: ({ connection, to, payload }) => {
          const origin = { remoteAddress: client.address, remotePort: remotePort + connection - 1 };
          entries.push({ kind: 'payload', origin, to, payload });
        },
      });
    });
    await simulation.run();
    await simulation.run(quiet);
    entries.push({ kind: 'quiet' });
    for (const client of clients) client.leave();
    await simulation.run(quiet);
  } finally {
    seen.unsubscribe();
  }
  const left = {
    connections: simulation.server.connections.length - before.connections,
    timers: simulation.waitingTimers - before.timers,
  };
  return { history, entries, left };
}
