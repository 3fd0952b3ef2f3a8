import type { ServeChannel } from '../../streams/channel.js';
import type { SSHChannelRequest } from '../../streams/events/ssh-channel-request.js';
import type { Policy } from '../../streams/policy.js';
import { requireFunction } from './option-checks.js';
import { policyName, type PolicyOptions } from './policy-options.js';
import { routePolicy } from './route-policy.js';

/**
 * Grants `shell` requests on session channels and runs `serve` (RFC 4254 section 6.5).
 *
 * @example
 * ```ts
 * const shell = routeShell((channel) => {
 *   channel.stream.end('No shell here.\r\n');
 * });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `serve` is not a function or the name is empty.
 */
export function routeShell(serve: ServeChannel, options: PolicyOptions = {}): Policy<SSHChannelRequest> {
  const by = policyName('routeShell', options);
  requireFunction('routeShell', 'serve', serve);

  return routePolicy(by, ({ channelType, detail }) =>
    channelType === 'session' && detail.type === 'shell' ? serve : undefined,
  );
}
