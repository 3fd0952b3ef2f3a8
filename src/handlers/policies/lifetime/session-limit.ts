import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { Policy } from '../../../streams/policy.js';
import { deadline } from './deadline.js';
import { type DeadlineOptions, endingOf } from './ending-options.js';
import { isLasting } from './is-lasting.js';
import { leaseEach } from '../lease-each.js';
import { requireDuration, requireObject } from '../option-checks.js';
import { sharedLease } from './shared-lease.js';
import { spokenDuration } from './spoken-duration.js';
import { startedAt } from './started-at.js';

/** Options of {@link sessionLimit}. */
export interface SessionLimitOptions extends DeadlineOptions {
  /** How long what was granted may last, in milliseconds. */
  readonly limitMs: number;
}

/**
 * Ends what was granted after `limitMs`, whatever happens on it.
 *
 * On authentication requests that is the connection, from sign-in on; on channel requests the channel, from the start of
 * its program on (requests that start none, such as for a terminal, get no limit of their own). Replacing the
 * policies of a running server does not start the time anew. Denies nothing, grants nothing; takes back what was granted.
 *
 * @example
 * ```ts
 * const workingDay = sessionLimit<SSHUserAuthRequest>({
 *   limitMs: 8 * 3_600_000,
 *   warnBeforeMs: [300_000, 60_000],
 *   graceMs: 10_000,
 * });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is out of range or a warning would
 * come before the start.
 * @see {@link idleTimeout} for sessions that nobody uses, {@link quota} for a limit over several sessions.
 */
export function sessionLimit<R extends SshRequest>(options: SessionLimitOptions): Policy<R> {
  requireObject('sessionLimit', 'options', options);
  const { limitMs } = options;
  requireDuration('sessionLimit', 'limitMs', limitMs);
  const ending = endingOf('sessionLimit', options, limitMs);
  const texts = {
    warning: (leftMs: number) => `This session ends in ${spokenDuration(leftMs)}`,
    reason: `this session has reached its limit of ${spokenDuration(limitMs)}`,
  };

  const leaseOf = sharedLease((type) => (held) => {
    const clock = options.clock ?? held.clock;
    return deadline(clock, startedAt(type, held, clock) + limitMs, ending, texts);
  });
  return leaseEach<R>(ending.by, (verdict) => (isLasting(verdict.request) ? leaseOf(verdict.request) : undefined));
}
