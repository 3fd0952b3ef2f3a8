import { concat, defer, map, type Observable } from 'rxjs';

import type { Clock } from '../../../streams/clock.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type { Lease, LeaseSignal } from '../../../streams/lease.js';
import type { Policy } from '../../../streams/policy.js';
import { deny, type PolicyName, withLease } from '../../../streams/verdict.js';
import { requireBoolean } from '../choice-checks.js';
import { decideEach } from '../decide-each.js';
import { at } from '../long-timer.js';
import { clockFor, type ClockOption, requireClock } from '../policy-clock.js';
import { policyOptionError } from '../policy-option-error.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { TimeZone } from './time-zone.js';
import { WeeklyHours } from './weekly-hours.js';
import { readWeeklyWindow, type WeeklyWindow } from './weekly-window.js';

/** Options of {@link during}. */
export interface DuringOptions extends PolicyOptions, ClockOption {
  /** The time zone of the windows, such as `Europe/Berlin` (IANA). Default `UTC`. */
  readonly timeZone?: string;
  /** Whether what was granted in a window ends with it. Default true. */
  readonly endSessions?: boolean;
  /** How long before that the user is told, in milliseconds. Default 300 000, 5 minutes; 0 tells nobody. */
  readonly warnBeforeMs?: number;
}

const MINUTE_MS = 60_000;

/**
 * Denies requests outside the hours of `windows`, with {@link DenyReason.OutsideHours}. Grants nothing.
 *
 * A window is `{ days: ['mon', 'tue'], from: '08:00', to: '18:00' }`, or the text `mon-fri 08:00-18:00`; without days it is
 * every day's. The end belongs to it no more, and lies on the next day if it is earlier than the beginning: `fri
 * 22:00-06:00` ends on Saturday. Windows may overlap; those that touch are one. An empty list denies always.
 *
 * What the clocks show in `timeZone` decides. Where they are put forward, the skipped hour is in no window; where they are
 * put back, a window in the hour that comes twice is open twice.
 *
 * What is granted gets a lease, unless `endSessions` is false: it warns the user `warnBeforeMs` before the end of the hours,
 * or at once if they are closer than that, and revokes at their end. For that put the policy where what should end is
 * granted: on `SSHUserAuthRequest` it ends the connection, on `SSHChannelRequest` the program.
 *
 * @example
 * ```ts
 * const officeHours = during<SSHUserAuthRequest>(['mon-fri 08:00-18:00', 'sat 09:00-12:30'], {
 *   timeZone: 'Europe/Berlin',
 * });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if a window cannot be read, there is no such time
 * zone, an option is out of range or the name is empty.
 */
export function during<R>(windows: readonly (WeeklyWindow | string)[], options: DuringOptions = {}): Policy<R> {
  const by = policyName('during', options);
  const { endSessions = true, warnBeforeMs = 5 * MINUTE_MS } = options;
  requireBoolean('during', 'endSessions', endSessions);
  requireClock('during', options);
  if (!Number.isFinite(warnBeforeMs) || warnBeforeMs < 0) {
    throw policyOptionError(
      'during',
      'warnBeforeMs',
      'must be a finite number of milliseconds of at least 0',
      warnBeforeMs,
    );
  }
  const hours = readHours(windows, options);
  const lease: Lease = (held) => ending(by, hours, options.clock ?? held.clock, warnBeforeMs);

  return decideEach(by, (verdict) => {
    if (!hours.includes(clockFor(options, verdict).now())) return deny(verdict, by, DenyReason.OutsideHours);
    return endSessions ? withLease<R>(verdict, lease) : verdict;
  });
}

function readHours(windows: readonly (WeeklyWindow | string)[], { timeZone = 'UTC' }: DuringOptions): WeeklyHours {
  if (!Array.isArray(windows)) throw policyOptionError('during', 'windows', 'must be an array of windows', windows);
  const read = windows.flatMap((window: WeeklyWindow | string) => {
    const minutes = readWeeklyWindow(window);
    if ('fault' in minutes) {
      throw policyOptionError('during', 'windows', `has an entry that cannot be used, since ${minutes.fault}`, window);
    }
    return minutes;
  });
  try {
    return new WeeklyHours(read, new TimeZone(timeZone));
  } catch {
    throw policyOptionError('during', 'timeZone', 'must be a time zone such as Europe/Berlin', timeZone);
  }
}

/** The lease of what was granted in some hours. It is computed when the grant begins, which may be later than the verdict. */
const ending = (by: PolicyName, hours: WeeklyHours, clock: Clock, warnBeforeMs: number): Observable<LeaseSignal> =>
  defer(() => {
    const now = clock.now();
    const end = hours.endAfter(now);
    const revoke$ = at(clock, end).pipe(
      map((): LeaseSignal => ({ type: 'revoke', reason: 'The permitted hours are over', by })),
    );
    if (end <= now || warnBeforeMs === 0) return revoke$;
    const warn$ = at(clock, end - warnBeforeMs).pipe(
      map((): LeaseSignal => ({ type: 'warn', message: `Your session ends ${inMinutes(end - clock.now())}` })),
    );
    return concat(warn$, revoke$);
  });

function inMinutes(ms: number): string {
  const minutes = Math.max(1, Math.ceil(ms / MINUTE_MS));
  return `in ${String(minutes)} ${minutes === 1 ? 'minute' : 'minutes'}, when the permitted hours are over`;
}
