import type { HandlerClass } from '../handler-class.js';
import { markHandler } from '../metadata.js';

/**
 * Marks a class as one whose decorated methods the server is to find: `@Decide`, `@On`, `@Exec`, `@Shell`, `@Subsystem`.
 *
 * The container builds the class once per server. Put `@inject(TOKEN)` on every constructor parameter. A subclass of a
 * handler has its base's methods but is a handler only if it says so itself.
 *
 * @example
 * ```ts
 * @SshHandler()
 * class Greeting {
 *   @Exec('hello') hello(session: Session) {
 *     return `hello ${session.user}\n`;
 *   }
 * }
 * ```
 */
export function SshHandler() {
  return (handler: HandlerClass): void => {
    markHandler(handler);
  };
}
