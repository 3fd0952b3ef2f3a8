import { map } from 'rxjs';

import type { SSHChannelRequest } from '../../../streams/events/ssh-channel-request.js';
import type { Policy } from '../../../streams/policy.js';
import { grant } from '../../../streams/verdict.js';
import { isSteeringVariable } from './is-steering-variable.js';
import { WildcardPattern } from '../matching/wildcard-pattern.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { policyOptionError } from '../policy-option-error.js';

/** Variables may have other names, but what stands in an environment as `NAME=value` can be misread then. */
const NAME = /^[A-Za-z\d_]+$/;
const PATTERN = /^[A-Za-z\d_*]+$/;

/**
 * Grants `env` requests for the variables that `patterns` name (RFC 4254 section 6.4); all others stay open and are
 * denied in the end.
 *
 * A pattern is a name, in which `*` stands for any letters, digits and underscores: `LANG`, `LC_*`. Variables that steer
 * what is loaded and run, `LD_*`, `PATH` and `GIT_SSH_COMMAND` among them, are granted only by a pattern without `*`. There
 * may be some that this package does not know of, so name what you need rather than much by a star.
 *
 * @example
 * ```ts
 * decide('SSHChannelRequest', acceptEnvironment(['LANG', 'LC_*']));
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, for a pattern that no name can match, or if the name
 * is empty.
 */
export function acceptEnvironment(patterns: readonly string[], options: PolicyOptions = {}): Policy<SSHChannelRequest> {
  const by = policyName('acceptEnvironment', options);
  requireNames(patterns);
  const exact: ReadonlySet<string> = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  const wild = patterns.filter((pattern) => pattern.includes('*')).map((pattern) => new WildcardPattern(pattern));
  const accepts = (name: string): boolean => {
    if (exact.has(name)) return true;
    return NAME.test(name) && wild.some((pattern) => pattern.matches(name)) && !isSteeringVariable(name);
  };

  return map((verdict) =>
    verdict.state === 'open' && verdict.request.detail.type === 'env' && accepts(verdict.request.detail.variableName)
      ? grant(verdict, verdict.request, by)
      : verdict,
  );
}

function requireNames(patterns: readonly unknown[]): void {
  if (!Array.isArray(patterns)) {
    throw policyOptionError('acceptEnvironment', 'patterns', 'must be an array of names', patterns);
  }
  for (const pattern of patterns) {
    if (typeof pattern === 'string' && PATTERN.test(pattern)) continue;
    const rule = 'must be names of letters, digits and _, in which * stands for any of these';
    throw policyOptionError('acceptEnvironment', 'patterns', rule, pattern);
  }
}
