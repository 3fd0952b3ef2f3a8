import { Observable } from 'rxjs';

import type { LeaseSignal } from './lease.js';

/** Begins a lease. `speak` may be called at once and at any time until the returned function was called, which gives it up. */
export type BeginLease = (speak: (signal: LeaseSignal) => void) => () => void;

/**
 * A lease that is no more than a function: what holds it may {@link begin} it without a subscription, which would cost more than
 * most of them do. For whoever subscribes it is a cold Observable that completes with its revocation and never errors.
 */
export class PlainLease extends Observable<LeaseSignal> {
  readonly begin: BeginLease;

  constructor(begin: BeginLease) {
    super((subscriber) =>
      begin((signal) => {
        subscriber.next(signal);
        if (signal.type === 'revoke') subscriber.complete();
      }),
    );
    this.begin = begin;
  }
}
