import { EachVerdict } from './each-verdict.js';
import type { Policy } from './policy.js';
import type { PoliciesByRequest } from './policy-chains.js';
import { type Grantable, grant } from './verdict.js';
import type { SshRequest } from './events/ssh-request.js';

const NAME = 'default';

/** Session requests that only fill in the terminal of a session or reach its program. */
const HARMLESS = new Set(['pty-req', 'window-change', 'signal']);

const grantIf =
  <R extends Exclude<SshRequest, { readonly type: 'SSHUserAuthRequest' }>>(holds: (request: R) => boolean): Policy<R> =>
  (verdict$) =>
    new EachVerdict(verdict$, (verdict) => {
      if (verdict.state !== 'open' || !holds(verdict.request)) return verdict;
      // R leaves out authentication, the only request with members that cannot be granted.
      return grant(verdict, verdict.request as Grantable<R>, NAME);
    });

/**
 * What is granted when every policy has spoken and none has denied: to connect, to authenticate, to open a session, to
 * have a terminal, to have the host keys proved. Nothing of it lets anybody in: that takes a grant of an authentication request, and there is no default for it.
 */
export const defaultGrants = (): PoliciesByRequest => {
  const place = <R extends SshRequest>(policy: Policy<R>) =>
    [{ source: 'rxsshd/default', phase: 'route', policy }] as const;
  return {
    ConnectionRequest: place(grantIf(() => true)),
    SSHServiceRequest: place(grantIf((request) => request.service === 'ssh-userauth')),
    SSHChannelOpenRequest: place(grantIf((request) => request.channelType === 'session')),
    SSHChannelRequest: place(
      grantIf((request) => request.channelType === 'session' && HARMLESS.has(request.requestType)),
    ),
    // Proves who the server is, which the client has been shown in the key exchange as well.
    SSHGlobalRequest: place(grantIf((request) => request.detail.type === 'hostkeys-prove-00@openssh.com')),
  };
};
