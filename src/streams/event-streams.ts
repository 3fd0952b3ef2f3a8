import type { Observable } from 'rxjs';

import type { SshEvent, SshEvents } from './events/ssh-event.js';

/**
 * Every event of a server, each under its name, and all of them in order.
 *
 * Hot: events without a subscriber are not built, let alone kept. Emission is synchronous, in the order in which things
 * happen; an event caused by an observer comes after the event it observed. Completes when the server has shut down.
 * Never errors. Unsubscribing removes the subscriber and nothing else.
 *
 * An observer cannot answer a request: requests are decided by policies.
 */
export type EventStreams = {
  readonly [Type in keyof SshEvents]: Observable<SshEvents[Type]>;
} & {
  /** All events of all types in one total order. */
  readonly all: Observable<SshEvent>;
};
