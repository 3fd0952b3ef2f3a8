import type { Container, ContainerModule } from 'inversify';

import type { Connection } from '../streams/connection.js';
import type { ConnectionId } from '../streams/connection-id.js';
import type { ConnectionInfo } from '../streams/connection-info.js';
import type { EventHub } from '../streams/event-hub.js';
import { ConnectionScope } from './connection-scope.js';

/** What the connection scopes of one server share. */
export interface ConnectionScopeParts {
  /** The server's container: parent of those of the connections. */
  readonly container: Container;
  /** Loaded into the container of each connection that has one. */
  readonly modules: readonly ContainerModule[];
  /** Where failures are told of. */
  readonly hub: EventHub;
  /** Finds a connection that lives. */
  readonly find: (id: ConnectionId) => Connection | undefined;
}

/** The {@link ConnectionScope} of each connection of one server that has been asked for. */
export class ConnectionScopes {
  readonly #parts: ConnectionScopeParts;
  readonly #scopes = new Map<ConnectionId, ConnectionScope>();
  readonly #endings = new Set<Promise<void>>();

  constructor(parts: ConnectionScopeParts) {
    this.#parts = parts;
  }

  /** The scope of a connection, opened now if need be; undefined if the connection has ended. */
  of({ id }: ConnectionInfo): ConnectionScope | undefined {
    const scope = this.#scopes.get(id);
    if (scope !== undefined) return scope;
    const connection = this.#parts.find(id);
    return connection === undefined ? undefined : this.#open(connection);
  }

  /** Ends the scope of a connection that has ended, once the events that led to its end have been delivered. */
  release(connection: Connection): void {
    const { id } = connection.info;
    // The last events may still wait behind one that is being delivered. Until then its scope must be there for them, also
    // if they are the first that it is opened for.
    const scope = this.#scopes.get(id) ?? this.#open(connection);
    const ending = Promise.resolve()
      .then(() => {
        this.#scopes.delete(id);
        return scope.end();
      })
      .finally(() => this.#endings.delete(ending));
    this.#endings.add(ending);
  }

  /** Settles once every scope that was to end has ended. Never rejects. */
  async settled(): Promise<void> {
    await Promise.all(this.#endings);
  }

  #open(connection: Connection): ConnectionScope {
    const scope = new ConnectionScope(connection, this.#parts);
    this.#scopes.set(connection.info.id, scope);
    return scope;
  }
}
