import { policyOptionError } from '../policy-option-error.js';
import type { PrefixLengths } from './source-prefix.js';

/** Options of a policy that tells clients apart by the network that they come from. */
export interface SourcePrefixOptions {
  /** Leading bits of an IPv4 address that make one source: 0 to 32. Default 32, each address by itself. */
  readonly ipv4Prefix?: number;
  /** Leading bits of an IPv6 address that make one source: 0 to 128. Default 64, which is what one customer gets. */
  readonly ipv6Prefix?: number;
}

/**
 * The prefix lengths that a policy goes by.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if a length is not an integer that addresses of its family have.
 */
export function prefixLengths(
  policy: string,
  { ipv4Prefix = 32, ipv6Prefix = 64 }: SourcePrefixOptions,
): PrefixLengths {
  requirePrefix(policy, 'ipv4Prefix', ipv4Prefix, 32);
  requirePrefix(policy, 'ipv6Prefix', ipv6Prefix, 128);
  return { ipv4: ipv4Prefix, ipv6: ipv6Prefix };
}

function requirePrefix(policy: string, option: string, value: unknown, highest: number): void {
  if (!Number.isInteger(value) || Number(value) < 0 || Number(value) > highest) {
    throw policyOptionError(policy, option, `must be an integer from 0 to ${String(highest)}`, value);
  }
}
