import type { Policy } from '../../../streams/policy.js';
import { requireTexts } from '../choice-checks.js';
import { decideWith } from './decide-with.js';
import { requirePolicy } from './policy-checks.js';
import { requestUser, type UserRequest } from '../matching/request-user.js';
import { WildcardPattern } from '../matching/wildcard-pattern.js';

/**
 * Applies `policy` to the requests of some users; those of others pass untouched.
 *
 * A user is an exact name or a pattern: `*` stands for any characters, `?` for one. Upper and lower case differ. Hosts are
 * not part of it (see {@link forSources}). During authentication the name is what the client claims, after it the name that
 * was signed in with. Grants and denies nothing of its own.
 *
 * @example
 * ```ts
 * declare const verify: VerifyPassword;
 *
 * const contractors = forUsers(['ext-*', 'guest'], grantPassword(verify));
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if there is no pattern, one is no text or is empty, or
 * `policy` is not a function.
 * @see {@link forSources}, {@link when}
 */
export function forUsers<R extends UserRequest>(patterns: readonly string[], policy: Policy<R>): Policy<R> {
  requireTexts('forUsers', 'patterns', patterns);
  requirePolicy('forUsers', 'policy', policy);
  const wanted = patterns.map((pattern) => new WildcardPattern(pattern));

  return decideWith('forUsers', [policy], (verdict, ask) => {
    const user = requestUser(verdict.request);
    return wanted.some((pattern) => pattern.matches(user)) ? ask(policy, verdict) : verdict;
  });
}
