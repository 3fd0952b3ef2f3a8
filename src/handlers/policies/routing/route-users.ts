import { policyOptionError } from '../policy-option-error.js';
import { WildcardPattern } from '../matching/wildcard-pattern.js';

/** Option of policies that route: whose requests they are for. */
export interface RouteUsersOption {
  /**
   * Names of the users who have these routes, in which `*` stands for any characters and `?` for one; compared to the
   * letter otherwise. What all others ask for is left to later policies. Default: everybody has them.
   */
  readonly users?: readonly string[];
}

/**
 * Says of a user whether the routes of a policy are theirs.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if `users` is no list of patterns, or an empty one.
 */
export function routeUsers(policy: string, { users }: RouteUsersOption): (user: string) => boolean {
  if (users === undefined) return () => true;
  // JavaScript may bring anything.
  const list: unknown = users;
  if (!Array.isArray(list) || list.length === 0 || !list.every((it) => typeof it === 'string' && it !== '')) {
    throw policyOptionError(policy, 'users', 'must be a list of names, at least one', list);
  }
  const patterns = users.map((text) => new WildcardPattern(text));
  return (user) => patterns.some((pattern) => pattern.matches(user));
}
