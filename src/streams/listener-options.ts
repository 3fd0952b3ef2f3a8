import type { ServerOpts } from 'node:net';

import { SshServerError } from '../errors.js';

/** What the operating system is to do for the connections of a listener. */
export interface SocketOptions {
  /**
   * Whether packets are sent at once, however small, in place of being gathered (Nagle's algorithm), which together with delayed
   * acknowledgements costs interactive users 40 ms a round trip. Default true. The documented `TcpNoDelay`.
   */
  readonly noDelay?: boolean;
  /**
   * After how much silence the system asks whether the other end is still there (TCP keep-alive), in milliseconds, of which it takes
   * whole seconds. Default 60,000; 0 for never. How often and how many times it asks again are settings of the system, not of Node,
   * and so are the sizes of its buffers. The documented `KeepAliveTime`.
   */
  readonly keepAliveMs?: number;
}

const KEEP_ALIVE_MS = 60_000;

/**
 * The same in the words of Node.
 *
 * @throws SshServerError `ERR_SSH_OPTION` for a time that is none
 */
export function listenerOptions({ noDelay = true, keepAliveMs = KEEP_ALIVE_MS }: SocketOptions): ServerOpts {
  if (keepAliveMs !== 0 && !(keepAliveMs >= 1000 && keepAliveMs <= 2 ** 31 - 1)) {
    throw new SshServerError(
      'ERR_SSH_OPTION',
      `listen: keepAliveMs: expected 0 or from 1000 on, got ${String(keepAliveMs)}`,
    );
  }
  return { noDelay, keepAlive: keepAliveMs > 0, keepAliveInitialDelay: keepAliveMs, allowHalfOpen: true };
}
