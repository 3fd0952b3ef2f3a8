import { randomInt } from 'node:crypto';

import { DenyReason } from '../../../streams/deny-reason.js';
import type { ConnectionRequest } from '../../../streams/events/connection-request.js';
import type { LeaseRevocation } from '../../../streams/lease.js';
import type { Policy } from '../../../streams/policy.js';
import { deny, withLease } from '../../../streams/verdict.js';
import { decideEach } from '../decide-each.js';
import { dropPercent, type EarlyDrop, readEarlyDrop } from './early-drop.js';
import { LiveCount } from '../counting/live-count.js';
import { requireFunction } from '../option-checks.js';
import { PassMark } from '../counting/pass-mark.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { untilAuthenticated } from '../counting/until-authenticated.js';

/** Options of {@link maxStartups}. */
export interface MaxStartupsOptions extends PolicyOptions {
  /** Draws a number from 0 up to, but not including, 1. Default: from `node:crypto`. */
  readonly random?: () => number;
}

const RESOLUTION = 2 ** 32;

/**
 * Denies connections by chance while many have not signed in, and all while too many have not, with
 * {@link DenyReason.LimitReached}: random early drop, as MaxStartups of sshd_config(5) does it. Grants nothing.
 *
 * An attacker who opens connection after connection and never signs in does not lock out others for good: whoever tries
 * again gets in sooner or later. A connection counts from the grant until somebody has signed in on it, or its end. Of
 * connections that are decided at the same time, those beyond `full` are disconnected again. A connection that is asked
 * about again stays. Servers that are given the same policy count together.
 *
 * @example
 * ```ts
 * const asOpenSsh = maxStartups('10:30:100');
 * const strict = maxStartups({ start: 5, ratePercent: 50, full: 20 });
 * ```
 *
 * @param limit - `start:rate:full`, or its parts: beyond `start` connections each one more is refused with a probability of
 *   `rate` percent, which rises linearly to 100 percent at `full`. A number alone, such as `'10'`, refuses all from there on.
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `limit` is nothing that sshd would take, `random`
 * is not a function, or the name is empty.
 * @see {@link maxPerSource} with `unauthenticatedOnly`, by which one network gets no more than its share.
 */
export function maxStartups(limit: string | EarlyDrop, options: MaxStartupsOptions = {}): Policy<ConnectionRequest> {
  const by = policyName('maxStartups', options);
  const drop = readEarlyDrop('maxStartups', limit);
  const { random = () => randomInt(RESOLUTION) / RESOLUTION } = options;
  requireFunction('maxStartups', 'random', random);

  const live = new LiveCount<'startups'>(drop.full);
  const passed = new PassMark();
  const over: LeaseRevocation = { type: 'revoke', reason: 'too many connections have not signed in', by };
  const isDropped = (): boolean => {
    const percent = dropPercent(drop, live.of('startups'));
    if (percent === 0 || percent === 100) return percent === 100;
    // So that a generator that returns nonsense lets in nobody.
    return !(random() * 100 >= percent);
  };

  return decideEach(by, (verdict) => {
    // Who has been lucky once does not draw again.
    if (passed.isOn(verdict)) return verdict;
    if (verdict.context?.reevaluation !== true && isDropped()) return deny(verdict, by, DenyReason.LimitReached);
    const place$ = live.place('startups', verdict.request.connection, over);
    return passed.put(withLease(verdict, untilAuthenticated(place$)));
  });
}
