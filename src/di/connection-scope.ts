import { Container } from 'inversify';

import { messageOf, SshServerError } from '../errors.js';
import type { HandlerClass } from '../handlers/handler-class.js';
import type { Connection } from '../streams/connection.js';
import type { ConnectionScopeParts } from './connection-scopes.js';
import { buildHandler } from './explore-container.js';
import { ScopedHandler } from './scoped-handler.js';
import { CONNECTION } from './tokens.js';

/** What failures at the end of a connection are reported as. */
const SOURCE = 'rxsshd/connection-scope';

/**
 * What belongs to one connection: the instances of handler classes of scope `connection`, in a container of its own.
 *
 * The container is a child of the server's and is made when the first of them is to be built.
 */
export class ConnectionScope {
  readonly #connection: Connection;
  readonly #parts: ConnectionScopeParts;
  readonly #handlers = new Map<HandlerClass, ScopedHandler>();
  #container: Container | undefined;
  #loaded: Promise<Container> | undefined;

  constructor(connection: Connection, parts: ConnectionScopeParts) {
    this.#connection = connection;
    this.#parts = parts;
  }

  /** What stands for the connection's instance of `handler`, which is built only once it is needed. */
  handler(handler: HandlerClass): ScopedHandler {
    let scoped = this.#handlers.get(handler);
    if (scoped === undefined) {
      scoped = new ScopedHandler(handler, () => this.#build(handler), this.#report);
      this.#handlers.set(handler, scoped);
    }
    return scoped;
  }

  /** Ends the handlers, then unbinds what the container holds: deactivation handlers are called and awaited. */
  async end(): Promise<void> {
    for (const handler of this.#handlers.values()) await handler.end();
    try {
      await this.#container?.unbindAllAsync();
    } catch (cause) {
      const error = new SshServerError(
        'ERR_SSH_HANDLER_FAILED',
        `what belonged to connection ${this.#connection.info.id} could not be given up: ${messageOf(cause)}`,
        { cause },
      );
      this.#report(error, SOURCE);
    }
  }

  async #build(handler: HandlerClass): Promise<object> {
    let container: Container;
    try {
      container = await (this.#loaded ??= this.#load());
    } catch (cause) {
      throw new SshServerError(
        'ERR_SSH_HANDLER',
        `${handler.name} cannot be built: a connection module failed: ${messageOf(cause)}`,
        { cause },
      );
    }
    return buildHandler(container, handler);
  }

  async #load(): Promise<Container> {
    const container = new Container({ parent: this.#parts.container, defaultScope: 'Singleton' });
    // Also if a module fails: what the others have opened is given up at the end.
    this.#container = container;
    container.bind(CONNECTION).toConstantValue(this.#connection);
    await container.loadAsync(...this.#parts.modules);
    return container;
  }

  readonly #report = (error: SshServerError, source: string): void => {
    const { hub } = this.#parts;
    if (hub.wants('Error')) hub.emit({ type: 'Error', connection: this.#connection.info, error, source });
  };
}
