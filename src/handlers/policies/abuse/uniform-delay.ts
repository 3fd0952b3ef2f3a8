import { randomInt } from 'node:crypto';

import { concatMap, of } from 'rxjs';

import { isProvisional } from '../../../streams/decision.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type { Policy } from '../../../streams/policy.js';
import { shortcomingOf } from '../../../streams/requirements/auth-progress.js';
import { deny, type Verdict } from '../../../streams/verdict.js';
import type { FromConnection } from '../from-connection.js';
import { isPending, observed } from '../answer.js';
import { decideWith } from '../composition/decide-with.js';
import { holdVerdict } from './hold-verdict.js';
import { requireCount, requireDuration } from '../option-checks.js';
import { Places } from './places.js';
import { requirePolicy } from '../composition/policy-checks.js';
import { clockFor, type ClockOption, requireClock } from '../policy-clock.js';
import { policyOptionError } from '../policy-option-error.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { whileConnected } from './while-connected.js';

/** Options of {@link uniformDelay}. */
export interface UniformDelayOptions extends PolicyOptions, ClockOption {
  /** The least time from the question to a refusal, in milliseconds. Longer than the slowest check takes. */
  readonly floorMs: number;
  /**
   * A refusal takes up to so much longer, in milliseconds, by chance, against what the floor cannot hide: timers are
   * late, and later under load. Integer, 0 or more, below 2^31. Default 0.
   */
  readonly jitterMs?: number;
  /** Requests inside at once, being checked or held; those beyond it are denied. Integer, at least 1. Default 1 000. */
  readonly maxHeld?: number;
}

/**
 * Makes every refusal of `policy` take the same time, so that nobody learns from a quick one that a user does not exist.
 *
 * What comes out of `policy` denied, or still open, is held until `floorMs` after it went in. What is granted passes at
 * once; so does a challenge, and the offer of a key that is accepted: by these the client learns what it does anyway, that
 * there are questions for this user or that the key is one of the user's. Ask users who do not exist the same questions, or
 * the questions tell. A check that takes longer than the floor is not hidden.
 *
 * What `policy` has no opinion on is held as well, so wrap all policies that may grant the request together, and place it
 * last. Beyond `maxHeld` a request is denied with {@link DenyReason.LimitReached}, at once and without asking `policy`, which
 * tells nothing of the user. A request whose connection ends gives its place back. The decision deadline of the server is
 * extended as far as the hold takes.
 *
 * @example
 * ```ts
 * declare const verify: VerifyPassword;
 * declare const keys: FindAuthorizedKeys;
 *
 * const signIn = uniformDelay<SSHUserAuthRequest>(
 *   (verdict$) => verdict$.pipe(grantPublicKey(keys), grantPassword(verify)),
 *   { floorMs: 1_000 },
 * );
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is out of range or `policy` is not a
 * function.
 * @see {@link tarpit}
 */
export function uniformDelay<R extends FromConnection>(policy: Policy<R>, options: UniformDelayOptions): Policy<R> {
  const by = policyName('uniformDelay', options);
  requirePolicy('uniformDelay', 'policy', policy);
  const { floorMs, jitterMs = 0, maxHeld = 1_000 } = options;
  requireDuration('uniformDelay', 'floorMs', floorMs);
  requireJitter(jitterMs);
  requireCount('uniformDelay', 'maxHeld', maxHeld);
  requireClock('uniformDelay', options);
  const places = new Places(maxHeld);

  return decideWith(by, [policy], (verdict, ask) => {
    // Granted before: nobody measures how long it takes.
    if (verdict.context?.reevaluation === true) return ask(policy, verdict);

    const turnedAway = (): Verdict<R> => deny(verdict, by, DenyReason.LimitReached);
    if (places.full) return turnedAway();
    const clock = clockFor(options, verdict);
    const askedAt = clock.now();
    const answer = ask(policy, verdict);
    // Nearly every sign-in: neither checked any more nor held, it takes no place.
    if (!isPending(answer) && isAcceptance(answer)) return answer;

    const until = askedAt + floorMs + randomInt(jitterMs + 1);
    const check$ = observed(answer).pipe(
      concatMap((it) => (isAcceptance(it) ? of(it) : holdVerdict(it, until, clock))),
    );
    return places.occupy(whileConnected(by, verdict, check$), turnedAway);
  });
}

/** Whether the client hears no refusal: a grant that no requirement wants now will be one. */
const isAcceptance = <R>(verdict: Verdict<R>): boolean =>
  verdict.state === 'granted' && typeof shortcomingOf(verdict, isProvisional(verdict)) !== 'object';

function requireJitter(value: unknown): void {
  if (!Number.isInteger(value) || Number(value) < 0 || Number(value) >= 2 ** 31) {
    throw policyOptionError('uniformDelay', 'jitterMs', 'must be an integer of at least 0 and below 2^31', value);
  }
}
