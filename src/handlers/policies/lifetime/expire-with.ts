import { from, map } from 'rxjs';

import { DenyReason } from '../../../streams/deny-reason.js';
import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { Policy } from '../../../streams/policy.js';
import { deny, type Verdict, withLease } from '../../../streams/verdict.js';
import { type Answer, isPending } from '../answer.js';
import { deadline } from './deadline.js';
import { decideEach } from '../decide-each.js';
import { type DeadlineOptions, endingOf } from './ending-options.js';
import { isLasting } from './is-lasting.js';
import { requireFunction } from '../option-checks.js';
import { clockFor } from '../policy-clock.js';
import { policyOptionError } from '../policy-option-error.js';
import { spokenDuration } from './spoken-duration.js';

/** Options of {@link expireWith}. */
export interface ExpireWithOptions extends DeadlineOptions {
  /** What users are told at the end. Default that the permission for the session has expired. */
  readonly reason?: string;
}

/** A moment, as `Date` or in milliseconds of the server's clock; undefined and `Infinity` for never. */
export type Expiry = Date | number | undefined;

/**
 * Ends what was granted at the moment that `expiryOf` names: the end of a certificate, a key or an account.
 *
 * Denies with {@link DenyReason.NotPermitted} if that moment has come already. `expiryOf` is asked once for each request,
 * offered keys included. If it fails, or answers with anything that is no moment, the request at hand is denied
 * with {@link DenyReason.PolicyFailed}; so it is if an Observable completes without a value, since nobody has said "never".
 * Grants nothing.
 *
 * @example
 * ```ts
 * const untilContractEnds = (accounts: ReadonlyMap<string, Date>) =>
 *   expireWith<SSHUserAuthRequest>((request) => accounts.get(request.user), { warnBeforeMs: 600_000 });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `expiryOf` is not a function or an option is out of
 * range.
 * @see {@link sessionLimit} for a length of time instead of a moment.
 */
export function expireWith<R extends SshRequest>(
  expiryOf: (request: R) => Answer<Expiry>,
  options: ExpireWithOptions = {},
): Policy<R> {
  requireFunction('expireWith', 'expiryOf', expiryOf);
  const ending = endingOf('expireWith', options);
  const { reason = 'the permission for this session has expired' } = options;
  if (typeof reason !== 'string' || reason.trim() === '') {
    throw policyOptionError('expireWith', 'reason', 'must be a text', reason);
  }
  const texts = { warning: (leftMs: number) => `This session ends in ${spokenDuration(leftMs)}`, reason };

  return decideEach(ending.by, (verdict) => {
    const decide = (expiry: Expiry): Verdict<R> => {
      const time = momentOf(expiry);
      if (time <= clockFor(options, verdict).now()) return deny(verdict, ending.by, DenyReason.NotPermitted);
      if (time === Infinity || !isLasting(verdict.request)) return verdict;
      return withLease<R>(verdict, (held) => deadline(options.clock ?? held.clock, time, ending, texts));
    };
    const answer = expiryOf(verdict.request);
    return isPending(answer) ? from(answer).pipe(map(decide)) : decide(answer);
  });
}

function momentOf(expiry: Expiry): number {
  if (expiry === undefined) return Infinity;
  const time = expiry instanceof Date ? expiry.getTime() : expiry;
  if (typeof time === 'number' && !Number.isNaN(time)) return time;
  throw new TypeError(`an expiry is a Date, a number of milliseconds or undefined, not ${String(expiry)}`);
}
