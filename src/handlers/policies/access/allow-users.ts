import type { Policy } from '../../../streams/policy.js';
import type { UserRequest } from '../matching/request-user.js';
import { userPolicy, type UserPolicyOptions } from './user-policy.js';

/**
 * Denies requests of all users but those of `patterns`, with {@link DenyReason.UserNotAllowed}. Grants nothing.
 *
 * A pattern is a user name, in which `*` stands for any characters and `?` for one, or `user@host`: these users from there
 * alone. The host is an address, a CIDR block or a host name, as {@link allowFrom} reads, verifies and looks them up. It
 * follows the last `@`, so the user `ann@corp` is written `ann@corp@*`. Names are compared as the client sends them, upper
 * and lower case differ. An empty list denies everybody.
 *
 * Works for every request that has a user: `SSHUserAuthRequest`, where the name is still a claim, and what follows
 * authentication. On the wire a user who is not allowed is told what a wrong password is told: SSH_MSG_USERAUTH_FAILURE.
 * To give away no more than that, do not send a banner or questions that depend on the user, and place this policy behind
 * the one that checks passwords (phase `authorize`): denied before, a forbidden name is answered faster than the others.
 *
 * @example
 * ```ts
 * const staff = allowUsers<SSHUserAuthRequest>(['ann', 'git-*', 'backup@192.0.2.0/24']);
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if a pattern cannot be read, an option is out of
 * range or the name is empty.
 * @see {@link denyUsers}
 */
export const allowUsers = <R extends UserRequest>(
  patterns: readonly string[],
  options: UserPolicyOptions = {},
): Policy<R> => userPolicy('allowUsers', patterns, true, options);
