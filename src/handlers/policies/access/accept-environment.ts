import { map } from 'rxjs';

import type { SSHChannelRequest } from '../../../streams/events/ssh-channel-request.js';
import type { Policy } from '../../../streams/policy.js';
import { grant } from '../../../streams/verdict.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { policyOptionError } from '../policy-option-error.js';

/** Names that change what a program loads or runs; a client must never choose them. */
const DANGEROUS = /^(?:LD_|DYLD_|NODE_OPTIONS$|BASH_ENV$|ENV$|PATH$|IFS$|SHELL$|HOME$)/u;

/**
 * Grants `env` requests for the variables that `patterns` name (RFC 4254 section 6.4); all others stay open and are
 * denied in the end.
 *
 * A pattern is a name, in which `*` stands for any characters: `LANG`, `LC_*`. Variables that steer how programs are
 * found and loaded, `LD_*` and `PATH` among them, are granted only by a pattern without `*`.
 *
 * @example
 * ```ts
 * decide('SSHChannelRequest', acceptEnvironment(['LANG', 'LC_*']));
 * ```
 *
 * @throws SshServerError `ERR_SSH_POLICY_OPTION`, when called, for a pattern that no variable name can match
 */
export function acceptEnvironment(patterns: readonly string[], options: PolicyOptions = {}): Policy<SSHChannelRequest> {
  const by = policyName('acceptEnvironment', options);
  const exact = new Set<string>();
  const wild: RegExp[] = [];
  for (const pattern of patterns) {
    if (!/^[A-Za-z0-9_*]+$/u.test(pattern)) {
      throw policyOptionError('acceptEnvironment', 'patterns', 'a pattern has letters, digits, _ and *', pattern);
    }
    if (pattern.includes('*')) wild.push(new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 'u'));
    else exact.add(pattern);
  }
  const accepts = (name: string): boolean =>
    exact.has(name) || (!DANGEROUS.test(name) && wild.some((pattern) => pattern.test(name)));

  return map((verdict) =>
    verdict.state === 'open' && verdict.request.detail.type === 'env' && accepts(verdict.request.detail.variableName)
      ? grant(verdict, verdict.request, by)
      : verdict,
  );
}
