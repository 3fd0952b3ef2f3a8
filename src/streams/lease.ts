import type { Observable } from 'rxjs';

/** A message to the user: the grant still stands. */
export interface LeaseWarning {
  readonly type: 'warn';
  /** Shown to the user as it is. */
  readonly message: string;
}

/** The grant ends now. */
export interface LeaseRevocation {
  readonly type: 'revoke';
  /** Shown to the user and to the audit trail. */
  readonly reason: string;
}

/** What a lease may say while the granted thing lives. */
export type LeaseSignal = LeaseWarning | LeaseRevocation;

/**
 * A grant that stays alive: subscribed for as long as the granted connection or channel lives.
 *
 * The first `revoke` counts, an error revokes as well, completion leaves the grant as it is.
 */
export type Lease = Observable<LeaseSignal>;
