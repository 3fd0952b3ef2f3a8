import type { ConnectionInfo } from '../../streams/connection-info.js';
import type { SshEvent } from '../../streams/events/ssh-event.js';
import type { ClientHistory } from './client-history.js';
import type { SeenDenial } from './verdict-watch.js';

/** Where a connection comes from, as the server sees it: what tells those of one history apart. */
export type Origin = Pick<ConnectionInfo, 'remoteAddress' | 'remotePort'>;

/** One thing that happened at the server, in the order in which it did. */
export type TraceEntry =
  /** The server receives a message from a client, or sends it one. */
  | {
      readonly kind: 'payload';
      readonly origin: Origin;
      readonly to: 'server' | 'client';
      readonly payload: Uint8Array;
    }
  | { readonly kind: 'event'; readonly event: SshEvent }
  | ({ readonly kind: 'denial' } & SeenDenial)
  /** Everything has been answered that ever will be; the clients that are still there leave next. */
  | { readonly kind: 'quiet' };

/** What came of a {@link ClientHistory}. */
export interface HistoryTrace {
  readonly history: ClientHistory;
  readonly entries: readonly TraceEntry[];
  /** What was there more than before, long after the last client had left. */
  readonly left: { readonly connections: number; readonly timers: number };
}

/** What happened on one connection. */
export interface ConnectionTrace {
  /** Address and port of the client. */
  readonly name: string;
  readonly entries: readonly TraceEntry[];
}

/** What happened, connection by connection in the order of their arrival. What belongs to none of the history is left out. */
export function connectionsIn({ entries, history }: HistoryTrace): readonly ConnectionTrace[] {
  const addresses = new Set(history.clients.map(({ address }) => address));
  const connections = new Map<string, TraceEntry[]>();
  for (const entry of entries) {
    if (entry.kind === 'quiet') {
      for (const list of connections.values()) list.push(entry);
      continue;
    }
    const origin = originOf(entry);
    if (origin === undefined || !addresses.has(origin.remoteAddress)) continue;
    const name = nameOf(origin);
    const list = connections.get(name);
    if (list === undefined) connections.set(name, [entry]);
    else list.push(entry);
  }
  return [...connections].map(([name, list]) => ({ name, entries: list }));
}

/** How a connection is called in what is said of it. */
export const nameOf = ({ remoteAddress, remotePort }: Origin): string => `${remoteAddress}:${String(remotePort)}`;

/** Where an entry comes from; undefined if it belongs to no connection. */
function originOf(entry: TraceEntry): Origin | undefined {
  switch (entry.kind) {
    case 'payload':
      return entry.origin;
    case 'event':
      return 'connection' in entry.event ? entry.event.connection : undefined;
    case 'denial':
      return entry.request.connection;
    case 'quiet':
      return undefined;
    default:
      return entry satisfies never;
  }
}
