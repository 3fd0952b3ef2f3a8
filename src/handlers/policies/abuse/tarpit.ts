import { defer } from 'rxjs';

import { DenyReason } from '../../../streams/deny-reason.js';
import type { Policy } from '../../../streams/policy.js';
import { deny } from '../../../streams/verdict.js';
import type { FromConnection } from '../from-connection.js';
import { type Answer, whenAnswered } from '../answer.js';
import { decideEach, type UndeniedVerdict } from '../decide-each.js';
import { holdVerdict } from './hold-verdict.js';
import { requireCount, requireDuration, requireFunction } from '../option-checks.js';
import { Places } from './places.js';
import { clockFor, type ClockOption, requireClock } from '../policy-clock.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { whileConnected } from './while-connected.js';

/** Options of {@link tarpit}. */
export interface TarpitOptions<R> extends PolicyOptions, ClockOption {
  /** How long a request is held, in milliseconds, or a function that says it of each; 0 does not hold. */
  readonly delayMs: number | ((request: R) => number);
  /** Which requests are held: all but those of which it says `false`. Default all. */
  readonly when?: (request: R) => Answer<boolean>;
  /** Requests held at once; those beyond it are denied. Integer, at least 1. Default 100. */
  readonly maxHeld?: number;
}

/**
 * Holds requests for a while before they pass on, so that whoever tries many things has to wait for each.
 *
 * Beyond `maxHeld` at once a request is denied with {@link DenyReason.LimitReached}, at once: so hold what you suspect and
 * not what everybody needs, or those who keep it full keep others out. A request whose connection ends gives its place
 * back, unless it is a `ConnectionRequest`, whose peer may leave without a sign. Grants nothing. If a callback
 * fails or answers with no length of time, the request is denied with {@link DenyReason.PolicyFailed}.
 *
 * The server denies requests that policies think about for too long, after 30 seconds by default; the policy asks it for
 * as much more as the delay takes. The time to sign in (`loginGraceMs`) goes on while a request is held.
 *
 * @example
 * ```ts
 * const slowRoot = tarpit<SSHUserAuthRequest>({ delayMs: 5_000, when: (request) => request.user === 'root' });
 * const eachTimeLonger = tarpit<SSHUserAuthRequest>({ delayMs: (request) => 500 * (request.ordinal - 1) });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is out of range.
 * @see {@link uniformDelay}, which hides how long a check took.
 */
export function tarpit<R extends FromConnection>(options: TarpitOptions<R>): Policy<R> {
  const by = policyName('tarpit', options);
  const { delayMs, when = () => true, maxHeld = 100 } = options;
  if (typeof delayMs !== 'function') requireDuration('tarpit', 'delayMs', delayMs);
  requireFunction('tarpit', 'when', when);
  requireCount('tarpit', 'maxHeld', maxHeld);
  requireClock('tarpit', options);
  const places = new Places(maxHeld);

  const hold = (verdict: UndeniedVerdict<R>) => {
    const delay = typeof delayMs === 'function' ? delayMs(verdict.request) : delayMs;
    if (!Number.isFinite(delay) || delay < 0) {
      throw new TypeError(`delayMs answered with ${String(delay)}, which is no length of time`);
    }
    if (delay === 0) return verdict;
    const clock = clockFor(options, verdict);
    const hold$ = defer(() => holdVerdict(verdict, clock.now() + delay, clock));
    return places.occupy(whileConnected(by, verdict, hold$), () => deny(verdict, by, DenyReason.LimitReached));
  };

  return decideEach(by, (verdict) =>
    // Granted before: the client is waiting for nothing.
    verdict.context?.reevaluation === true
      ? verdict
      : whenAnswered(when(verdict.request), (yes) => (yes === false ? verdict : hold(verdict))),
  );
}
