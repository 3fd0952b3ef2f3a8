import { DenyReason } from '../../../streams/deny-reason.js';
import type { PasswordAuthRequest, SSHUserAuthRequest } from '../../../streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../streams/policy.js';
import { decline, grant } from '../../../streams/verdict.js';
import { type Answer, whenAnswered } from '../answer.js';
import { decideEach } from '../decide-each.js';
import { requireFunction } from '../option-checks.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { recalled } from './recalled.js';

/**
 * Tells whether a password is the user's.
 *
 * Only `true` grants; an Observable that completes without a value means no. Take as long for a user who does not exist
 * as for one who does, or the difference tells an attacker which names exist.
 */
export type VerifyPassword = (user: string, password: string, request: PasswordAuthRequest) => Answer<boolean>;

/** A password is right or wrong; nobody is asked again. */
const RECALLED = { right: true, wrong: false, again: false };

/**
 * Grants passwords that `verify` confirms (RFC 4252 section 8). The others are left to other policies, and denied with
 * {@link DenyReason.BadCredential} if none grants them.
 *
 * Requests of other methods pass untouched, and so does the
 * answer to a request to change the password: granting it would tell the client that the change was made.
 * A `verify` that fails costs the request at hand, which is denied with {@link DenyReason.PolicyFailed}.
 *
 * @example
 * ```ts
 * interface User {
 *   accepts(password: string): Promise<boolean>;
 * }
 * declare const users: { find(name: string): Promise<User | undefined> };
 *
 * const signIn = grantPassword(async (user, password) => (await users.find(user))?.accepts(password) ?? false);
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `verify` is not a function or the name is empty.
 */
export function grantPassword(verify: VerifyPassword, options: PolicyOptions = {}): Policy<SSHUserAuthRequest> {
  const by = policyName('grantPassword', options);
  requireFunction('grantPassword', 'verify', verify);

  return decideEach(by, (verdict) => {
    const { request } = verdict;
    if (verdict.state !== 'open' || request.method !== 'password' || request.newPassword !== undefined) return verdict;

    const verified = recalled(verdict, by, RECALLED, () => verify(request.user, request.password.expose(), request));
    return whenAnswered(verified, (correct) =>
      correct === true ? grant(verdict, request, by) : decline(verdict, by, DenyReason.BadCredential),
    );
  });
}
