import type { Observable } from 'rxjs';

import type { Held } from './held.js';
import type { PolicyName } from './verdict.js';

/** A message to the user: the grant still stands. */
export interface LeaseWarning {
  readonly type: 'warn';
  /** Shown to the user as it is; control characters are left out. */
  readonly message: string;
}

/** The grant goes on with less: how fast data may move from now on. A later one of the same lease replaces it. */
export interface LeaseNarrowing {
  readonly type: 'narrow';
  /** Bytes per second that the server takes from the client. Left out: as many as come. */
  readonly receiveBytesPerSecond?: number;
  /** Bytes per second that the server sends to the client. Left out: as many as there are. */
  readonly sendBytesPerSecond?: number;
}

/** The grant ends now. */
export interface LeaseRevocation {
  readonly type: 'revoke';
  /** Shown to the user and to the audit trail; control characters are left out. */
  readonly reason: string;
  /** The policy that takes the grant back, for the audit trail. Default: the policy that gave it. */
  readonly by?: PolicyName;
  /** How long a program may still work after the user was told, in milliseconds, up to 24 days. Default 0: it ends at once. */
  readonly graceMs?: number;
}

/** What a lease may say while the granted thing lives. */
export type LeaseSignal = LeaseWarning | LeaseNarrowing | LeaseRevocation;

/**
 * A grant that stays alive: subscribed for as long as the granted connection or channel lives.
 *
 * The first `revoke` counts, an error revokes as well, completion leaves the grant as it is. A lease that has to watch what it
 * is for, such as its traffic, is a function that makes the Observable of it; it is called once, when the grant begins.
 */
export type Lease = Observable<LeaseSignal> | ((held: Held) => Observable<LeaseSignal>);
