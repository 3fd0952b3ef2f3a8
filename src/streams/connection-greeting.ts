import { messageOf, SshServerError } from '../errors.js';
import { greetingLines } from '../transport/greeting-lines.js';
import type { ConnectionInfo } from './connection-info.js';
import { madeText } from './made-text.js';

/** What a client is sent before the server's identification (RFC 4253 section 4.2); undefined for nothing. */
export type GreetingOf = (connection: ConnectionInfo) => string | undefined;

/**
 * The greeting of one connection.
 *
 * @param identification - what the server calls itself, which limits the greeting
 * @param onFailure - told if there can be none; the client is served all the same
 */
export function connectionGreeting(
  textOf: GreetingOf,
  connection: ConnectionInfo,
  identification: Uint8Array,
  onFailure: (error: SshServerError) => void,
): Buffer | undefined {
  try {
    return greetingLines(madeText(textOf(connection)) ?? '', identification);
  } catch (cause) {
    onFailure(
      new SshServerError('ERR_SSH_HANDLER_FAILED', `no greeting could be sent: ${messageOf(cause)}`, { cause }),
    );
    return undefined;
  }
}
