import type { Subscription } from 'rxjs';

import type { Connection } from '../../streams/connection.js';
import type { ConnectionId } from '../../streams/connection-id.js';
import type { ConnectionInfo } from '../../streams/connection-info.js';
import type { SshServer } from '../../streams/ssh-server.js';
import { collectGarbage } from './garbage-collection.js';
import type { Leak, LeakWatch } from './leak.js';

/** Holds nothing of the connection. */
interface Seen {
  readonly id: ConnectionId;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly connection: WeakRef<Connection>;
  readonly info: WeakRef<ConnectionInfo>;
}

/** Watches the connections that come: each has to end, and then nothing may refer to it any more. */
export class ConnectionWatch implements LeakWatch {
  readonly #server: SshServer;
  readonly #seen: Seen[] = [];
  readonly #subscription: Subscription;

  constructor(server: SshServer) {
    this.#server = server;
    this.#subscription = server.events.ConnectionRequest.subscribe(({ connection: info }) => {
      const connection = server.connection(info.id);
      if (connection === undefined) return;
      const { id, remoteAddress, remotePort } = info;
      this.#seen.push({
        id,
        remoteAddress,
        remotePort,
        connection: new WeakRef(connection),
        info: new WeakRef(info),
      });
    });
  }

  /** Whether a connection has come from this port. */
  hasSeen(port: number): boolean {
    return this.#seen.some(({ remotePort }) => remotePort === port);
  }

  leaks(): readonly Leak[] {
    return this.#seen.flatMap((seen) => (this.#isAlive(seen) ? [leak('connection', seen, 'has not ended')] : []));
  }

  /** Connections that have ended, but not for everybody. Collects garbage to find out. */
  retained(): readonly Leak[] {
    collectGarbage();
    return this.#seen.flatMap((seen): readonly Leak[] => {
      if (this.#isAlive(seen)) return [];
      if (seen.connection.deref() !== undefined) {
        return [leak('connection', seen, 'has ended, but something still refers to it')];
      }
      return seen.info.deref() === undefined
        ? []
        : [leak('info', seen, 'has ended, but something still refers to its ConnectionInfo')];
    });
  }

  stop(): void {
    this.#subscription.unsubscribe();
    this.#seen.length = 0;
  }

  #isAlive({ id }: Seen): boolean {
    return this.#server.connection(id) !== undefined;
  }
}

const leak = (kind: 'connection' | 'info', { id, remoteAddress }: Seen, what: string): Leak => ({
  kind,
  what: `${id} from ${remoteAddress} ${what}`,
  at: '',
});
