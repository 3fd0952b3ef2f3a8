import { DenyReason } from '../../../streams/deny-reason.js';
import type { SSHChannelOpenRequest } from '../../../streams/events/ssh-channel-open-request.js';
import type { Policy } from '../../../streams/policy.js';
import { deny } from '../../../streams/verdict.js';
import { decideEach } from '../decide-each.js';
import { type ForwardRuleUsers, ForwardRules, type SocketForwardRule } from './forward-rules.js';
import { HostList } from '../matching/host-list.js';
import { policyName, type PolicyOptions } from '../policy-options.js';

/** Allows hosts to be connected to. */
export interface TargetForwardRule extends ForwardRuleUsers {
  /** Addresses, CIDR blocks, `192.0.2.*`, host names with wildcards, or `*` for every host. */
  readonly hosts: readonly string[];
  /** Ports and ranges: `22`, `'8000-8999'`. Default all. */
  readonly ports?: readonly (number | string)[];
}

/** A rule of {@link forwardTo}. */
export type ForwardToRule = TargetForwardRule | SocketForwardRule;

const TYPES: ReadonlySet<string> = new Set(['direct-tcpip', 'direct-streamlocal@openssh.com']);

/**
 * Denies channels to targets that no rule allows, with {@link DenyReason.NotPermitted}: `direct-tcpip` (RFC 4254 section
 * 7.2) and `direct-streamlocal@openssh.com` (OpenSSH PROTOCOL, section 2.4). Grants nothing, and leaves channels of other
 * types as they are. Without a rule everything of these types is denied.
 *
 * A target is compared as the client writes it, and nothing is looked up. A name may resolve to anything, to `127.0.0.1` too,
 * and to something else each time: `*.example.com` trusts whoever gives these names their addresses. A rule with addresses
 * allows no names, and a rule with names no addresses; only `*` allows both. Whatever is allowed is reached from the server,
 * with its place in the network: allow loopback and private networks by intention alone. What is no host name, such as
 * `127.1` or text with a NUL, which resolvers read in their own way, is allowed by `*` alone. A socket is compared as text, too:
 * where a symbolic link leads is not looked at, and a path with `..` is allowed by no rule.
 *
 * @example
 * ```ts
 * const targets = forwardTo([
 *   { hosts: ['db-?.example.com'], ports: [5432] },
 *   { hosts: ['10.1.0.0/16'], ports: [22, '8000-8999'], users: ['admin-*'] },
 *   { sockets: ['/run/app/'] },
 * ]);
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if a rule cannot be read or the name is empty.
 * @see {@link forwardFrom}
 */
export function forwardTo(rules: readonly ForwardToRule[], options: PolicyOptions = {}): Policy<SSHChannelOpenRequest> {
  const by = policyName('forwardTo', options);
  const allowed = new ForwardRules('forwardTo', rules, {
    field: 'hosts',
    read: (entries) => HostList.read(entries),
  });
  const allows = ({ channelType, detail, identity }: SSHChannelOpenRequest): boolean => {
    if (!TYPES.has(channelType)) return true;
    if (detail.type === 'direct-tcpip') {
      return allowed.allowsPort(identity.user, detail.hostToConnect, detail.portToConnect);
    }
    return detail.type === 'direct-streamlocal@openssh.com' && allowed.allowsSocket(identity.user, detail.socketPath);
  };

  return decideEach(by, (verdict) => (allows(verdict.request) ? verdict : deny(verdict, by, DenyReason.NotPermitted)));
}
