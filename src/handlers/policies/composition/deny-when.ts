import { DenyReason } from '../../../streams/deny-reason.js';
import type { Policy } from '../../../streams/policy.js';
import { deny } from '../../../streams/verdict.js';
import { type Answer, whenAnswered } from '../answer.js';
import { decideEach } from '../decide-each.js';
import { requireFunction } from '../option-checks.js';
import { policyOptionError } from '../policy-option-error.js';
import { policyName, type PolicyOptions } from '../policy-options.js';

/** Options of {@link denyWhen}. */
export interface DenyWhenOptions extends PolicyOptions {
  /** The reason given. Default {@link DenyReason.NotPermitted}. */
  readonly reason?: DenyReason;
}

const REASONS: ReadonlySet<unknown> = new Set(Object.values(DenyReason));

/**
 * Denies requests unless `predicate` says `false`, whether they were granted before or not.
 *
 * In doubt it denies: an Observable that completes without a value denies as `true` does. A predicate that fails costs
 * the request at hand, which is denied with {@link DenyReason.PolicyFailed}.
 *
 * @example
 * ```ts
 * const noRoot = denyWhen<SSHUserAuthRequest>((request) => request.user === 'root', { name: 'noRoot' });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `predicate` is not a function, `reason` is not
 * a {@link DenyReason}, or the name is empty.
 * @see {@link grantWhen}
 */
export function denyWhen<R>(predicate: (request: R) => Answer<boolean>, options: DenyWhenOptions = {}): Policy<R> {
  const by = policyName('denyWhen', options);
  requireFunction('denyWhen', 'predicate', predicate);
  const { reason = DenyReason.NotPermitted } = options;
  if (!REASONS.has(reason)) throw policyOptionError('denyWhen', 'reason', 'must be a value of DenyReason', reason);

  return decideEach(by, (verdict) =>
    whenAnswered(predicate(verdict.request), (yes) => (yes === false ? verdict : deny(verdict, by, reason))),
  );
}
