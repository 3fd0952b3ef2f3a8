import { messageOf, SshServerError } from '../errors.js';
import type { TransportEnd } from './transport-listener.js';

/**
 * How a transport ends whose listener threw: above are streams that applications listen to, and what they throw is not
 * the peer's fault, and none of its business.
 */
export const listenerFailure = (cause: unknown): TransportEnd & { readonly reason: 'BY_APPLICATION' } => ({
  by: 'server',
  reason: 'BY_APPLICATION',
  description: 'the server failed',
  error: new SshServerError(
    'ERR_SSH_HANDLER_FAILED',
    `a listener of the application threw, so its connection was closed: ${messageOf(cause)}`,
    { cause },
  ),
});
