import type { Policy } from '../../../streams/policy.js';
import type { UserRequest } from '../matching/request-user.js';
import { userPolicy, type UserPolicyOptions } from './user-policy.js';

/**
 * Denies requests of the users of `patterns`, with {@link DenyReason.UserNotAllowed}. Grants nothing.
 *
 * Patterns are written as for {@link allowUsers}, which also tells how to keep from clients who exists. With `user@host`,
 * a user whose whereabouts cannot be told is denied: an unknown address, and with a host name also a client without a
 * verified name. Upper and lower case differ: where `root` and `Root` are one account, name both.
 *
 * @example
 * ```ts
 * const noRoot = denyUsers<SSHUserAuthRequest>(['root', 'admin*']);
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if a pattern cannot be read, an option is out of
 * range or the name is empty.
 * @see {@link allowUsers}
 */
export const denyUsers = <R extends UserRequest>(
  patterns: readonly string[],
  options: UserPolicyOptions = {},
): Policy<R> => userPolicy('denyUsers', patterns, false, options);
