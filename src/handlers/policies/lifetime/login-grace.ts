import type { ConnectionRequest } from '../../../streams/events/connection-request.js';
import type { Policy } from '../../../streams/policy.js';
import { deadline } from './deadline.js';
import { type DeadlineOptions, endingOf } from './ending-options.js';
import { leaseEach } from '../lease-each.js';
import { untilAuthenticated } from '../counting/until-authenticated.js';
import { requireDuration, requireObject } from '../option-checks.js';
import { spokenDuration } from './spoken-duration.js';
import { sharedLease } from './shared-lease.js';
import { startedAt } from './started-at.js';

/** Options of {@link loginGrace}. */
export interface LoginGraceOptions extends Omit<DeadlineOptions, 'graceMs'> {
  /** How long a client may take from connecting to signing in, in milliseconds. */
  readonly graceMs: number;
}

/**
 * Ends connections on which nobody has signed in after `graceMs`.
 *
 * Clients that connect and stay silent, and guessers that take their time, would otherwise keep their places for ever. The time
 * runs from the grant of the connection, key exchange included. Denies nothing, grants nothing; takes back what was
 * granted.
 *
 * @example
 * ```ts
 * const twoMinutes = loginGrace({ graceMs: 120_000 });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is out of range.
 * @see {@link sessionLimit} for the time after that.
 */
export function loginGrace(options: LoginGraceOptions): Policy<ConnectionRequest> {
  requireObject('loginGrace', 'options', options);
  const { graceMs, ...others } = options;
  requireDuration('loginGrace', 'graceMs', graceMs);
  // What the option means here is no grace for programs: before anybody has signed in there are none.
  const ending = endingOf('loginGrace', others, graceMs);
  const texts = {
    warning: (leftMs: number) => `Please sign in: this connection closes in ${spokenDuration(leftMs)}`,
    reason: `nobody signed in within ${spokenDuration(graceMs)}`,
  };

  const leaseOf = sharedLease((type) => (held) => {
    const clock = options.clock ?? held.clock;
    const end = startedAt(type, held, clock) + graceMs;
    return untilAuthenticated(deadline(clock, end, ending, texts))(held);
  });
  return leaseEach<ConnectionRequest>(ending.by, ({ request }) => leaseOf(request));
}
