import type { HandlerClass } from '../handler-class.js';
import type { HandlerScope } from '../handler-scope.js';
import { markHandler } from '../metadata.js';

/** What `@SshHandler()` may be told of its class. */
export interface SshHandlerOptions {
  /**
   * How long an instance lives. Default `server`: the server builds the class once, at its start.
   *
   * With `connection` each connection has an instance of its own, built when the first request, event or service of that
   * connection concerns it and given up at its end. Its policies and observers see that connection and no other.
   */
  readonly scope?: HandlerScope;
}

/**
 * Marks a class as one whose decorated methods the server is to find: `@Decide`, `@On`, `@Exec`, `@Shell`, `@Subsystem`.
 *
 * The container builds the class once per server, or once per connection: see {@link SshHandlerOptions.scope}. Put
 * `@inject(TOKEN)` on every constructor parameter. A subclass of a handler has its base's methods but is a handler only if
 * it says so itself.
 *
 * An instance of scope `connection` may have `CONNECTION` injected, and whatever the `connectionModules` bind. At the end of
 * the connection its streams complete and are unsubscribed, then its `@preDestroy()` method is called and awaited. An
 * instance that cannot be built costs its connection only: what it was to decide is denied.
 *
 * @example
 * ```ts
 * @SshHandler()
 * class Greeting {
 *   @Exec('hello') hello(session: Session) {
 *     return `hello ${session.user}\n`;
 *   }
 * }
 *
 * @SshHandler({ scope: 'connection' })
 * class Counter {
 *   #calls = 0;
 *
 *   @Exec('count') count() {
 *     this.#calls += 1;
 *     return `call ${this.#calls} of this connection\n`;
 *   }
 * }
 * ```
 */
export function SshHandler({ scope = 'server' }: SshHandlerOptions = {}) {
  return (handler: HandlerClass): void => {
    markHandler(handler, scope);
  };
}
