import { catchError, concatMap, defer, filter, map, type Observable, of, repeat, take, timer } from 'rxjs';
import type { Clock, Lease, LeaseSignal } from 'rxsshd';

import type { ReadOptions } from './flow-options.js';
import type { Issuer, Tokens } from './issuer.js';

/** The longest wait of a timer of Node; a longer one would be none at all. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/**
 * A lease that ends a session as `sessionEnds` says; undefined if it ends with its connection.
 *
 * @param onFailure - Told of each question that the authorization server did not answer.
 */
export function tokenLease(
  options: ReadOptions,
  issuer: Issuer,
  tokens: Tokens,
  onFailure: (cause: unknown) => void,
): Lease | undefined {
  const { by, graceMs, sessionEnds, clock: ownClock, recheckMs, maxUnconfirmedMs } = options;
  const revoke = (reason: string): LeaseSignal => ({ type: 'revoke', reason, by, graceMs });

  const asked = (clock: Clock): Observable<LeaseSignal> => {
    let confirmedAt = clock.now();
    const answer$ = defer(() => issuer.isActive(clock, tokens.grantToken)).pipe(
      map((isActive) => {
        if (!isActive) return revoke('your sign-in was ended');
        confirmedAt = clock.now();
        return undefined;
      }),
      catchError((cause: unknown) => {
        onFailure(cause);
        const isTooLong = clock.now() - confirmedAt >= maxUnconfirmedMs;
        return of(isTooLong ? revoke('your sign-in can no longer be confirmed') : undefined);
      }),
    );
    return timer(recheckMs, clock.scheduler).pipe(
      concatMap(() => answer$),
      repeat(),
      filter((signal) => signal !== undefined),
    );
  };

  switch (sessionEnds) {
    case 'with-connection':
      return undefined;
    case 'with-token':
      return (held) =>
        until(ownClock ?? held.clock, tokens.expiresAt).pipe(map(() => revoke('your sign-in has expired')));
    case 'with-grant':
      return (held) => defer(() => asked(ownClock ?? held.clock)).pipe(take(1));
    default:
      return sessionEnds satisfies never;
  }
}

/** Emits when the clock has reached `time`, however far away that is. */
const until = (clock: Clock, time: number): Observable<unknown> =>
  defer(() => timer(Math.min(Math.max(0, time - clock.now()), LONGEST_WAIT_MS), clock.scheduler)).pipe(
    repeat(),
    filter(() => clock.now() >= time),
    take(1),
  );
