import { DenyReason } from '../../../streams/deny-reason.js';
import type { SSHGlobalRequest } from '../../../streams/events/ssh-global-request.js';
import type { Policy } from '../../../streams/policy.js';
import { deny } from '../../../streams/verdict.js';
import { BindAddressList } from '../matching/bind-address-list.js';
import { decideEach } from '../decide-each.js';
import { type ForwardRuleUsers, ForwardRules, type SocketForwardRule } from './forward-rules.js';
import { policyName, type PolicyOptions } from '../policy-options.js';

/** Allows addresses of the server to be listened on. */
export interface BindForwardRule extends ForwardRuleUsers {
  /** `localhost`, addresses, CIDR blocks, or `*` for every address, all of them at once included. */
  readonly addresses: readonly string[];
  /** Ports and ranges: `8080`, `'8000-8999'`. 0 is the request for a port of the server's choice. Default all and 0. */
  readonly ports?: readonly (number | string)[];
}

/** A rule of {@link forwardFrom}. */
export type ForwardFromRule = BindForwardRule | SocketForwardRule;

const REQUESTS: ReadonlySet<string> = new Set(['tcpip-forward', 'streamlocal-forward@openssh.com']);

/**
 * Denies requests to listen where no rule allows it, with {@link DenyReason.NotPermitted}: `tcpip-forward` (RFC 4254
 * section 7.1) and `streamlocal-forward@openssh.com` (OpenSSH PROTOCOL, section 2.4). Grants nothing, and leaves other
 * requests as they are, those to stop listening included. Without a rule everything of these names is denied.
 *
 * An address is compared as the client writes it: `localhost`, which most clients send, is a name that no block of
 * addresses contains. The empty address, `*`, `0.0.0.0` and `::` mean every address of the server; `*` allows all of them,
 * `0.0.0.0` and `::` allow themselves, and no block contains them. Sockets are compared as by {@link forwardTo}.
 *
 * @example
 * ```ts
 * const listening = forwardFrom([
 *   { addresses: ['localhost', '127.0.0.1', '::1'], ports: ['8000-8999'] },
 *   { addresses: ['*'], ports: [0], users: ['tunnel-*'] },
 * ]);
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if a rule cannot be read or the name is empty.
 * @see {@link forwardTo}
 */
export function forwardFrom(rules: readonly ForwardFromRule[], options: PolicyOptions = {}): Policy<SSHGlobalRequest> {
  const by = policyName('forwardFrom', options);
  const allowed = new ForwardRules('forwardFrom', rules, {
    field: 'addresses',
    read: (entries) => BindAddressList.read(entries),
  });
  const allows = ({ requestType, detail, identity }: SSHGlobalRequest): boolean => {
    if (!REQUESTS.has(requestType)) return true;
    if (detail.type === 'tcpip-forward') {
      return allowed.allowsPort(identity.user, detail.addressToBind, detail.portToBind);
    }
    return detail.type === 'streamlocal-forward@openssh.com' && allowed.allowsSocket(identity.user, detail.socketPath);
  };

  return decideEach(by, (verdict) => (allows(verdict.request) ? verdict : deny(verdict, by, DenyReason.NotPermitted)));
}
