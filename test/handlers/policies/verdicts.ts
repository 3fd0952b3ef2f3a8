import { NEVER, of } from 'rxjs';

import { DenyReason } from '../../../src/streams/deny-reason.js';
import type { Lease } from '../../../src/streams/lease.js';
import type { Policy } from '../../../src/streams/policy.js';
import {
  consider,
  decline,
  deny,
  type DeniedVerdict,
  type GrantedVerdict,
  type Verdict,
  withLease,
} from '../../../src/streams/verdict.js';

export const lease: Lease = NEVER;

/** Granted by an earlier policy, with a lease. */
export const granted = <R>(request: R): GrantedVerdict<R> => ({
  state: 'granted',
  request,
  leases: [lease],
  by: 'earlier',
});

/** Denied by an earlier policy. */
export const denied = <R>(request: R): DeniedVerdict<R> => ({
  state: 'denied',
  request,
  by: 'earlier',
  reason: DenyReason.NotPermitted,
});

export const leased = <R>(request: R): Verdict<R> => withLease(consider(request), lease);

export const grantedBy = <R>(by: string, request: R): GrantedVerdict<R> => ({
  state: 'granted',
  request,
  leases: [],
  by,
});

export const deniedBy = <R>(by: string, request: R, reason: DenyReason, cause?: unknown): Verdict<R> =>
  deny(consider(request), by, reason, cause);

/** Left open by one who would not grant it. */
export const declinedBy = <R>(by: string, request: R, reason: DenyReason): Verdict<R> =>
  decline(consider(request), by, reason);

/** Everything `policy` has answered so far to `verdicts`, in order of the answers. */
export function answersTo<R>(policy: Policy<R>, ...verdicts: readonly Verdict<R>[]): readonly Verdict<R>[] {
  const answers: Verdict<R>[] = [];
  policy(of(...verdicts)).subscribe((verdict) => answers.push(verdict));
  return answers;
}

/** The answer to one open request that `policy` decides at once. */
export function decisionOn<R>(policy: Policy<R>, request: R): Verdict<R> {
  const [verdict] = answersTo(policy, consider(request));
  if (verdict === undefined) throw new Error('the policy has not answered yet');
  return verdict;
}
