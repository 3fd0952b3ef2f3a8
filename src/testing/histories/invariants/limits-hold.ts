import { DEFAULT_LIMITS } from '../../../protocol/limits.js';
import { DEFAULT_ADMISSION } from '../../../streams/admission.js';
import { SSH_MSG } from '../../../transport/messages/message-number.js';
import { connectionsIn, type ConnectionTrace, type HistoryTrace, nameOf } from '../history-trace.js';
import { AuthDialogue } from './auth-dialogue.js';
import type { Invariant } from './invariant.js';

/** No client gets more of anything than the server was made to give. */
export const limitsHold: Invariant = {
  name: 'limits hold',
  *check(trace, { limits = {} }) {
    const { maxChannels, maxAuthFailures, maxAuthRequests } = { ...DEFAULT_LIMITS, ...limits };
    const { maxConnections, maxPerSource, maxStartups } = { ...DEFAULT_ADMISSION, ...limits };
    for (const connection of connectionsIn(trace)) {
      const { exchanges } = new AuthDialogue(connection);
      const failures = exchanges.filter(
        ({ reply, attempt, partial }) => reply === SSH_MSG.USERAUTH_FAILURE && !partial && !attempt.isQuery,
      ).length;
      // The one too many is answered with the end of the connection.
      if (failures >= maxAuthFailures) yield `${connection.name}: ${String(failures)} failed attempts to sign in`;
      if (exchanges.length > maxAuthRequests) {
        yield `${connection.name}: ${String(exchanges.length)} authentication requests answered`;
      }
      const channels = mostChannels(connection);
      if (channels > maxChannels) yield `${connection.name}: ${String(channels)} channels at once`;
    }
    const { all, startups, perSource } = mostConnections(trace);
    if (all > maxConnections) yield `${String(all)} connections at once`;
    if (startups > maxStartups) yield `${String(startups)} connections at once without a sign-in`;
    if (perSource > maxPerSource) yield `${String(perSource)} connections of one address at once without a sign-in`;
  },
};

function mostChannels({ entries }: ConnectionTrace): number {
  let open = 0;
  let most = 0;
  for (const entry of entries) {
    if (entry.kind !== 'event') continue;
    if (entry.event.type === 'SSHChannelOpened') open += 1;
    else if (entry.event.type === 'SSHChannelClosed') open -= 1;
    most = Math.max(most, open);
  }
  return most;
}

/** How many connections there were at the worst moment. */
function mostConnections({ entries }: HistoryTrace) {
  const connected = new Map<string, { readonly source: string; readonly signedIn: boolean }>();
  const most = { all: 0, startups: 0, perSource: 0 };
  for (const entry of entries) {
    if (entry.kind === 'payload') {
      if (entry.to !== 'client' || entry.payload[0] !== SSH_MSG.USERAUTH_SUCCESS) continue;
      connected.set(nameOf(entry.origin), { source: entry.origin.remoteAddress, signedIn: true });
    } else if (entry.kind === 'event') {
      const { event } = entry;
      if (event.type === 'Connected') {
        connected.set(nameOf(event.connection), { source: event.connection.remoteAddress, signedIn: false });
      } else if (event.type === 'Disconnected') connected.delete(nameOf(event.connection));
    }
    const sources = [...connected.values()].filter(({ signedIn }) => !signedIn).map(({ source }) => source);
    most.all = Math.max(most.all, connected.size);
    most.startups = Math.max(most.startups, sources.length);
    for (const source of new Set(sources)) {
      most.perSource = Math.max(most.perSource, sources.filter((it) => it === source).length);
    }
  }
  return most;
}
