import { map, mergeMap, NEVER, type Observable, of } from 'rxjs';

import { DenyReason } from '../../../src/streams/deny-reason.js';
import type { Lease } from '../../../src/streams/lease.js';
import type { Policy } from '../../../src/streams/policy.js';
import { decline, deny, type Verdict } from '../../../src/streams/verdict.js';

/** Grants what is open, as `by`, and attaches leases. */
export const grants = <R>(by: string, ...leases: readonly Lease[]): Policy<R> =>
  map((verdict) => {
    if (verdict.state === 'denied') return verdict;
    const own = { leases: [...verdict.leases, ...leases] };
    return verdict.state === 'open' ? { ...verdict, ...own, state: 'granted', by } : { ...verdict, ...own };
  });

/** Denies everything, as `by`. */
export const denies = <R>(by: string, reason: DenyReason = DenyReason.NotPermitted, cause?: unknown): Policy<R> =>
  map((verdict) => deny(verdict, by, reason, cause));

/** Leaves what is open to others, as `by`, and attaches leases. */
export const declines = <R>(
  by: string,
  reason: DenyReason = DenyReason.BadCredential,
  ...leases: readonly Lease[]
): Policy<R> =>
  map((verdict) =>
    verdict.state === 'denied' ? verdict : decline({ ...verdict, leases: [...verdict.leases, ...leases] }, by, reason),
  );

/** Has no opinion, but leases. */
export const abstains = <R>(...leases: readonly Lease[]): Policy<R> =>
  map((verdict) => (verdict.state === 'denied' ? verdict : { ...verdict, leases: [...verdict.leases, ...leases] }));

/** Answers nothing. */
export const isSilent =
  <R>(): Policy<R> =>
  () =>
    NEVER;

/** Answers as `policy` does once `until$` has emitted. */
export const late = <R>(policy: Policy<R>, until$: Observable<unknown>): Policy<R> =>
  mergeMap((verdict) => until$.pipe(mergeMap(() => policy(of(verdict)))));

/** A policy, and what it has been asked. */
export interface WatchedMember<R> {
  readonly policy: Policy<R>;
  readonly asked: readonly Verdict<R>[];
  /** How often the operator was applied. */
  readonly applied: number;
}

/** Watches what `policy` is asked. */
export function watched<R>(policy: Policy<R>): WatchedMember<R> {
  const asked: Verdict<R>[] = [];
  let applied = 0;
  return {
    policy: (verdict$) => {
      applied += 1;
      return verdict$.pipe(
        map((verdict) => {
          asked.push(verdict);
          return verdict;
        }),
        policy,
      );
    },
    asked,
    get applied() {
      return applied;
    },
  };
}

/** Answers with whatever JavaScript could answer with. */
export const answersWith = <R>(answer: (verdict: Verdict<R>) => unknown): Policy<R> =>
  // What no compiler lets pass is what is to be tried.
  map((verdict) => answer(verdict) as Verdict<R>);
