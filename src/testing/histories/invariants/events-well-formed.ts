import { connectionsIn } from '../history-trace.js';
import { EventReader } from './event-reader.js';
import type { Invariant } from './invariant.js';

/**
 * The events of a connection begin with `ConnectionRequest` and end with `Disconnected` if it was let in; channels close that
 * were opened, and say nothing before and after; each request is decided once, and none that nobody made.
 */
export const eventsWellFormed: Invariant = {
  name: 'events well-formed',
  *check(trace) {
    for (const connection of connectionsIn(trace)) {
      for (const fault of new EventReader().read(connection)) yield `${connection.name}: ${fault}`;
    }
  },
};
