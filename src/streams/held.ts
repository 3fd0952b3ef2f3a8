import type { Observable } from 'rxjs';

import type { Clock } from './clock.js';
import type { Connection } from './connection.js';
import type { SshRequestType } from './events/ssh-request.js';
import type { Identity } from './identity.js';

/** What a lease is held for: the granted connection or channel, as its leases may watch it. */
export interface Held {
  readonly kind: 'connection' | 'channel';
  /** The connection itself, or the one that the channel belongs to. */
  readonly connection: Connection;
  /** `session`, `direct-tcpip` and so on; undefined for a connection. */
  readonly channelType: string | undefined;
  /** Time as the server sees it. */
  readonly clock: Clock;
  /** Payload bytes that the client has sent: on the channel, or on all channels of the connection together. */
  readonly bytesReceived: number;
  /** Payload bytes sent to the client, likewise. */
  readonly bytesSent: number;
  /**
   * Emits the number of payload bytes whenever some have come or gone, on the channel or on any channel of the connection.
   *
   * Hot, synchronous, on the hot path: do little, and set no timer for each. Completes with what is held, never errors.
   */
  readonly activity: Observable<number>;
  /**
   * When the first request of this type was granted to it, in milliseconds of {@link clock}; now if none was. Replacing policies
   * changes nothing about that.
   */
  grantedAt(type: SshRequestType): number;
  /** Emits who signed in, once: at once if it has happened already. Completes then, or when the connection ends. */
  readonly authenticated: Observable<Identity>;
}
