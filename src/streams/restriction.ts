import { EMPTY, type Observable } from 'rxjs';

import type { SSHChannelOpenRequest } from './events/ssh-channel-open-request.js';
import type { SSHChannelRequest } from './events/ssh-channel-request.js';
import type { SSHGlobalRequest } from './events/ssh-global-request.js';
import type { Lease, LeaseSignal } from './lease.js';
import type { PolicyName } from './verdict.js';

/** What somebody may ask for who has signed in. */
export type RestrictableRequest = SSHChannelOpenRequest | SSHChannelRequest | SSHGlobalRequest;

/**
 * What somebody may not do with what they have signed in with, whatever other policies say of it: the options of a key, the
 * lack of an extension in a certificate.
 */
export interface Restriction {
  /** The policy that restricts, for the audit trail. */
  readonly by: PolicyName;
  /** Whether a request may still be granted; asked before the policies are, and again before a grant counts. A throw denies. */
  readonly allows?: (request: RestrictableRequest) => boolean;
  /**
   * Runs in place of any program that is asked for: shell, command or subsystem. Policies and services see an `exec` request
   * for it. What was asked for is in the variable `SSH_ORIGINAL_COMMAND`, unless it was a shell.
   */
  readonly command?: string;
  /** Variables that every session begins with, over those of the client. */
  readonly environment?: ReadonlyMap<string, string>;
}

/** A lease that says nothing, but restricts. */
interface RestrictingLease {
  (): Observable<LeaseSignal>;
  readonly restriction: Restriction;
}

/**
 * A lease by which a grant to be connected goes with a restriction.
 *
 * It travels as a lease since no policy can drop one. It is in force from the grant to the end of the connection, even if the
 * policy that attached it is replaced: whoever signed in with less has not become anybody with more.
 */
export const restrictWith = (restriction: Restriction): Lease => Object.assign(() => EMPTY, { restriction });

/** What a lease restricts; undefined for other leases. */
export const restrictionOf = (lease: Lease): Restriction | undefined =>
  // JavaScript may attach anything. A function with such a property was made above, perhaps in another copy of this package.
  typeof lease === 'function' && 'restriction' in lease ? (lease as RestrictingLease).restriction : undefined;
