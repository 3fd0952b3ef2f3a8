import { defer, finalize, tap } from 'rxjs';

import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { Policy } from '../../../streams/policy.js';
import type { PolicyName } from '../../../streams/verdict.js';
import { requireCount, requireDuration } from '../option-checks.js';
import { requirePolicy } from './policy-checks.js';
import { type ClockOption, requireClock } from '../policy-clock.js';
import { policyName } from '../policy-options.js';
import { ShadowRun } from './shadow-run.js';

/** Options of {@link shadow}. */
export interface ShadowOptions extends ClockOption {
  /** What the reports call the policy. Default: the name of whoever decided, and `shadow` where nobody did. */
  readonly name?: PolicyName;
  /** Requests that may wait for a slow policy at once; past it the oldest is forgotten. Default 1000. */
  readonly maxPending?: number;
  /** How long the policy may think before it is reported as silent, in milliseconds. Default 30 000. */
  readonly silentAfterMs?: number;
}

/**
 * Tries a policy on live traffic: tells what it would have decided, in `ShadowDecided` events, and enforces nothing.
 *
 * Every verdict passes at once and untouched. Leases that the policy would attach are counted and never held, and what it
 * would serve is never called. If it throws, errors, completes, breaks the rules of verdicts or stays silent for
 * `silentAfterMs`, an `Error` event says so, nothing else changes, and it is tried again with the next request. Late
 * answers are told when they come, unless too many requests wait. Where the policy stands in a chain matters as it would
 * without the shadow: it is asked about what nobody before it has denied. What others have declined it sees as open, so that a
 * reason of its own is told, though without the shadow only the first would count.
 *
 * The policy itself is as real as ever. Rate limits and other memories keep counts of their own, apart from those of the same
 * policy elsewhere unless both share a store; leases are not held, so what counts living sessions counts none; and
 * callbacks are called, so that {@link approval} asks real people.
 *
 * @example
 * ```ts
 * const tryStricter = shadow(
 *   rateLimit<ConnectionRequest>({
 *     limit: 3,
 *     windowMs: 60_000,
 *     keyOf: (request) => request.connection.remoteAddress,
 *   }),
 *   { name: 'three a minute' },
 * );
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `policy` is not a function or an option is out of
 * range.
 */
export function shadow<R extends SshRequest>(policy: Policy<R>, options: ShadowOptions = {}): Policy<R> {
  policyName('shadow', options);
  const { maxPending = 1_000, silentAfterMs = 30_000 } = options;
  requirePolicy('shadow', 'policy', policy);
  requireCount('shadow', 'maxPending', maxPending);
  requireDuration('shadow', 'silentAfterMs', silentAfterMs);
  requireClock('shadow', options);

  return (verdict$) =>
    defer(() => {
      const run = new ShadowRun(policy, { ...options, maxPending, silentAfterMs });
      return verdict$.pipe(
        tap((verdict) => {
          if (verdict.state !== 'denied') run.watch(verdict);
        }),
        finalize(() => {
          run.end();
        }),
      );
    });
}
