import type { Observable } from 'rxjs';

import type { Clock } from './clock.js';
import type { Connection } from './connection.js';
import type { SshRequestType } from './events/ssh-request.js';
import type { Held } from './held.js';
import type { Identity } from './identity.js';

/** Where a {@link LiveHeld} looks when it is asked. */
export interface HeldSources {
  readonly bytes: (field: 'bytesReceived' | 'bytesSent') => number;
  readonly grantedAt: (type: SshRequestType) => number | undefined;
  readonly activity: () => Observable<number>;
  readonly authenticated: () => Observable<Identity>;
}

/**
 * What leases see of a connection or channel.
 *
 * A class, and no literal with getters: V8 gives each such literal a shape of its own, which keeps all that its getters
 * reach alive until the next full collection.
 */
export class LiveHeld implements Held {
  readonly kind: Held['kind'];
  readonly connection: Connection;
  readonly channelType: string | undefined;
  readonly clock: Clock;
  readonly #sources: HeldSources;

  constructor(connection: Connection, channelType: string | undefined, clock: Clock, sources: HeldSources) {
    this.kind = channelType === undefined ? 'connection' : 'channel';
    this.connection = connection;
    this.channelType = channelType;
    this.clock = clock;
    this.#sources = sources;
  }

  get bytesReceived(): number {
    return this.#sources.bytes('bytesReceived');
  }

  get bytesSent(): number {
    return this.#sources.bytes('bytesSent');
  }

  grantedAt(type: SshRequestType): number {
    return this.#sources.grantedAt(type) ?? this.clock.now();
  }

  get activity(): Observable<number> {
    return this.#sources.activity();
  }

  get authenticated(): Observable<Identity> {
    return this.#sources.authenticated();
  }
}
