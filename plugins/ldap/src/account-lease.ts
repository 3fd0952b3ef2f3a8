import { catchError, concatMap, defer, filter, map, of, repeat, take, timer } from 'rxjs';
import type { Clock, Lease, LeaseSignal, PolicyName } from 'rxsshd';

import { asking } from './asking.js';
import type { LdapAccount } from './ldap-account.js';
import type { Recheck } from './recheck-options.js';

/** What an account lease asks, and whom it tells. */
export interface AccountLeaseOptions extends Recheck {
  readonly by: PolicyName;
  /** Default the clock of the server. */
  readonly clock: Clock | undefined;
  /** Asks the directory; `signal` is aborted when the session ends meanwhile. */
  readonly find: (signal: AbortSignal) => Promise<LdapAccount | undefined>;
  /** Told of each question that the directory did not answer. */
  readonly onFailure: (cause: unknown) => void;
}

/**
 * A lease that ends what was granted once the account may not be used any more, or nobody could say so for too long.
 *
 * The next question is asked `recheckMs` after the answer to the last one, so a slow directory is not asked faster than it answers.
 */
export const accountLease =
  ({ by, clock: ownClock, find, onFailure, recheckMs, maxUnconfirmedMs, graceMs }: AccountLeaseOptions): Lease =>
  ({ clock: serverClock }) =>
    defer(() => {
      const clock = ownClock ?? serverClock;
      const revoke = (reason: string): LeaseSignal => ({ type: 'revoke', reason, by, graceMs });
      let confirmedAt = clock.now();

      const asked$ = asking(find).pipe(
        map((account) => {
          if (account === undefined) return revoke('your account may not be used any more');
          confirmedAt = clock.now();
          return undefined;
        }),
        catchError((cause: unknown) => {
          onFailure(cause);
          const isTooLong = clock.now() - confirmedAt >= maxUnconfirmedMs;
          return of(isTooLong ? revoke('your account can no longer be confirmed') : undefined);
        }),
      );
      return timer(recheckMs, clock.scheduler).pipe(
        concatMap(() => asked$),
        repeat(),
        filter((signal) => signal !== undefined),
        take(1),
      );
    });
