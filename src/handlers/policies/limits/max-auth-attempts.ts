import { map } from 'rxjs';

import type { ConnectionInfo } from '../../../streams/connection-info.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type { SSHUserAuthRequest } from '../../../streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../streams/policy.js';
import { deny } from '../../../streams/verdict.js';
import { requireChoices } from '../choice-checks.js';
import { requireCount } from '../option-checks.js';
import { PassMark } from '../counting/pass-mark.js';
import { isAuthAttempt } from '../is-auth-attempt.js';
import { policyName, type PolicyOptions } from '../policy-options.js';

/** The authentication methods with which somebody can fail (RFC 4252, RFC 4256). */
export type AttemptMethod = 'password' | 'publickey' | 'keyboard-interactive' | 'hostbased';

/** Options of {@link maxAuthAttempts}. */
export interface MaxAuthAttemptsOptions extends PolicyOptions {
  /** The methods that count, together, and are limited. Default all. */
  readonly methods?: readonly AttemptMethod[];
}

const METHODS: readonly AttemptMethod[] = ['password', 'publickey', 'keyboard-interactive', 'hostbased'];

/**
 * Denies the attempts to sign in of one connection beyond `limit`, with {@link DenyReason.LimitReached}. Grants nothing.
 *
 * An attempt is a request that can fail: a password, a signature, right or wrong, and each round of answers to
 * keyboard-interactive. What proves nothing yet is none: the method `none`, a key that is only offered, the start of
 * keyboard-interactive. Attempts that an earlier policy denied are seen, and count, only where both stand in one `.pipe()`:
 * a server asks no further policy once one has denied. So place it in the phase `limit`.
 *
 * The connection stays, and can come to nothing more. A client may open another; {@link rateLimit} counts across connections.
 *
 * @example
 * ```ts
 * const sixAttempts = maxAuthAttempts(6);
 * const threePasswords = maxAuthAttempts(3, { methods: ['password', 'keyboard-interactive'] });
 * ```
 *
 * @param limit - Attempts of one connection. Integer, at least 1.
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `limit` is out of range, `methods` is no list of
 * methods, or the name is empty.
 */
export function maxAuthAttempts(limit: number, options: MaxAuthAttemptsOptions = {}): Policy<SSHUserAuthRequest> {
  const by = policyName('maxAuthAttempts', options);
  requireCount('maxAuthAttempts', 'limit', limit);
  const { methods = METHODS } = options;
  requireChoices('maxAuthAttempts', 'methods', methods, METHODS);

  const counted: ReadonlySet<string> = new Set(methods);
  const attempts = new WeakMap<ConnectionInfo, number>();
  const passed = new PassMark();

  return map((verdict) => {
    const { request, context } = verdict;
    if (!isAuthAttempt(request) || !counted.has(request.method)) return verdict;
    if (context?.reevaluation === true || passed.isOn(verdict)) return verdict;

    const count = (attempts.get(request.connection) ?? 0) + 1;
    attempts.set(request.connection, count);
    return count > limit ? deny(verdict, by, DenyReason.LimitReached) : passed.put(verdict);
  });
}
