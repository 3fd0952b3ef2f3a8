import { DenyReason } from '../../../streams/deny-reason.js';
import type { PasswordAuthRequest, SSHUserAuthRequest } from '../../../streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../streams/policy.js';
import { decline, grant, type OpenVerdict, requestPasswordChange, type Verdict } from '../../../streams/verdict.js';
import { type Answer, whenAnswered } from '../answer.js';
import { decideEach } from '../decide-each.js';
import { requireFunction } from '../option-checks.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { recalled } from './recalled.js';

/** That a password is right and has to be changed, or that the new one will not do. The text is what the user reads. */
export interface ChangeWanted {
  readonly change: string;
}

/**
 * Tells whether a password is the user's.
 *
 * Only `true` grants; an Observable that completes without a value means no. `{ change: '...' }` says that the password is right
 * and has to be changed, which tells as much to whoever sent it. Take as long for a user who does not exist
 * as for one who does, or the difference tells an attacker which names exist.
 */
export type VerifyPassword = (
  user: string,
  password: string,
  request: PasswordAuthRequest,
) => Answer<boolean | ChangeWanted>;

/**
 * Puts `newPassword` in place of `password`, which has to be verified first: the client sends both, and anybody can be the client.
 *
 * Only `true` grants, and tells the client that the change was made. `{ change: '...' }` says that the password is right and the
 * new one will not do; the user is asked for another.
 */
export type ChangePassword = (
  user: string,
  password: string,
  newPassword: string,
  request: PasswordAuthRequest,
) => Answer<boolean | ChangeWanted>;

/** Options of {@link grantPassword}. */
export interface GrantPasswordOptions extends PolicyOptions {
  /**
   * Called for the new password that {@link VerifyPassword} has asked for. Default: a change is left to other policies, and
   * denied if none grants it.
   */
  readonly change?: ChangePassword;
}

/** Where the new password was asked for, the text is known to nobody any more. */
const RECALLED = { right: true, wrong: false, again: { change: '' } } as const;

/**
 * Grants passwords that `verify` confirms (RFC 4252 section 8). The others are left to other policies, and denied with
 * {@link DenyReason.BadCredential} if none grants them.
 *
 * Where `verify` says so, the user is asked for a new password before anything is granted, and the option `change` gets it.
 * Clients cannot change passwords unasked: the server leaves such requests to nobody. Nor can they where other steps have to follow,
 * see {@link requireMethods}. Requests of other methods pass untouched.
 * A callback that fails costs the request at hand, which is denied with {@link DenyReason.PolicyFailed}.
 *
 * @example
 * ```ts
 * interface User {
 *   readonly mustChange: boolean;
 *   accepts(password: string): Promise<boolean>;
 *   setPassword(password: string): Promise<void>;
 * }
 * declare const users: { find(name: string): Promise<User | undefined> };
 *
 * const signIn = grantPassword(
 *   async (name, password) => {
 *     const user = await users.find(name);
 *     if (user === undefined || !(await user.accepts(password))) return false;
 *     return user.mustChange ? { change: 'Your password has expired.' } : true;
 *   },
 *   {
 *     change: async (name, password, newPassword) => {
 *       const user = await users.find(name);
 *       if (user === undefined || !(await user.accepts(password))) return false;
 *       if (newPassword.length < 12) return { change: 'At least twelve characters, please.' };
 *       await user.setPassword(newPassword);
 *       return true;
 *     },
 *   },
 * );
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if a callback is not a function or the name is empty.
 */
export function grantPassword(verify: VerifyPassword, options: GrantPasswordOptions = {}): Policy<SSHUserAuthRequest> {
  const by = policyName('grantPassword', options);
  const { change } = options;
  requireFunction('grantPassword', 'verify', verify);
  if (change !== undefined) requireFunction('grantPassword', 'change', change);

  const judge = (
    verdict: OpenVerdict<SSHUserAuthRequest>,
    request: PasswordAuthRequest,
    ask: () => Answer<boolean | ChangeWanted>,
  ): Answer<Verdict<SSHUserAuthRequest>> =>
    whenAnswered(recalled<boolean | ChangeWanted>(verdict, by, RECALLED, ask), (answer) => {
      if (answer === true) return grant(verdict, request, by);
      const prompt = promptIn(answer);
      return prompt === undefined
        ? decline(verdict, by, DenyReason.BadCredential)
        : requestPasswordChange(verdict, request, { prompt }, by);
    });

  return decideEach(by, (verdict) => {
    const { request } = verdict;
    if (verdict.state !== 'open' || request.method !== 'password') return verdict;
    const { user, password, newPassword } = request;
    if (newPassword === undefined) return judge(verdict, request, () => verify(user, password.expose(), request));
    if (change === undefined) return verdict;
    return judge(verdict, request, () => change(user, password.expose(), newPassword.expose(), request));
  });
}

/** What JavaScript may answer with in place of a text is read like a refusal. */
function promptIn(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('change' in answer)) return undefined;
  return typeof answer.change === 'string' ? answer.change : undefined;
}
