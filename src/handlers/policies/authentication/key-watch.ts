import { randomInt } from 'node:crypto';

import { catchError, defer, filter, map, type Observable, of, repeat, switchMap, take, timeout, timer } from 'rxjs';

import type { Clock } from '../../../streams/clock.js';
import type { Lease, LeaseSignal } from '../../../streams/lease.js';
import { isUnavailable, type KeysUnavailable } from '../../key-sources/keys-unavailable.js';
import { type Answer, observed } from '../answer.js';
import { requireChoice } from '../choice-checks.js';
import type { Ending } from '../lifetime/ending-options.js';
import { requireDuration, requireFunction } from '../option-checks.js';
import { policyOptionError } from '../policy-option-error.js';
import type { KeyJudgement } from './answer-key.js';
import { isBusy } from './is-busy.js';

/** How {@link grantPublicKey} finds out that the key of a session is gone. */
export interface EndWithKeyOptions {
  /**
   * How long after one look the source of keys is asked again, in milliseconds. At most 24 days. Default 10,000. By chance it is up to
   * a quarter less, so that sessions that have begun together do not ask together for ever.
   */
  readonly everyMs?: number;
  /**
   * What happens when the source fails, cannot say, or says nothing for half a minute. Default `revoke`: nobody can say any more
   * whether the key is accepted. With `ignore` the session goes on, and the source is asked again. Both are reported as an `Error`
   * event.
   *
   * A source that too many ask just now (`ERR_SSH_BUSY`) is reported and asked again in either case: a crowd that wants to sign in ends
   * nobody's session. Nor does it find out meanwhile whose key is gone, so keep crowds off with {@link rateLimit} or
   * {@link maxPerSource}.
   */
  readonly onError?: 'revoke' | 'ignore';
  /** Chance, for tests: numbers from 0 up to 1, of which the larger ask sooner. Default that of the system. */
  readonly random?: () => number;
}

/** Checked {@link EndWithKeyOptions}. */
export type KeyWatch = Required<EndWithKeyOptions>;

const DEFAULT_EVERY_MS = 10_000;
/** What the timers of Node can wait for. */
const LONGEST_MS = 2 ** 31 - 1;
const PATIENCE_MS = 30_000;
/** How much of the time between two looks is up to chance. */
const SPREAD = 1 / 4;
const RESOLUTION = 2 ** 32;
const chance = (): number => randomInt(RESOLUTION) / RESOLUTION;

/**
 * Checks the option `endWithKey`.
 *
 * @param canChange - Whether the keys can change at all.
 * @returns undefined if sessions outlive their keys
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if it is of the wrong kind, or nothing can come of it.
 */
export function keyWatchOf(
  policy: string,
  endWithKey: boolean | EndWithKeyOptions = false,
  canChange: boolean,
): KeyWatch | undefined {
  if (endWithKey === false) return undefined;
  // JavaScript may bring anything.
  const given: unknown = endWithKey;
  if (given !== true && (typeof given !== 'object' || given === null)) {
    throw policyOptionError(policy, 'endWithKey', 'must be true, false or options', given);
  }
  if (!canChange) throw policyOptionError(policy, 'endWithKey', 'needs a function as the source of keys', given);
  const { everyMs = DEFAULT_EVERY_MS, onError = 'revoke', random = chance } = endWithKey === true ? {} : endWithKey;
  requireDuration(policy, 'endWithKey.everyMs', everyMs);
  if (everyMs > LONGEST_MS) throw policyOptionError(policy, 'endWithKey.everyMs', 'must be at most 24 days', everyMs);
  requireChoice(policy, 'endWithKey.onError', onError, ['revoke', 'ignore']);
  requireFunction(policy, 'endWithKey.random', random);
  return { everyMs, onError, random };
}

/** What {@link watchKey} goes by. */
export interface WatchKeyParts extends KeyWatch {
  /** Judges the key anew. */
  readonly judge: (clock: Clock) => Answer<KeyJudgement | KeysUnavailable>;
  readonly report: (cause: unknown) => void;
  readonly ending: Ending;
  /** Default that of what is held. */
  readonly clock?: Clock;
}

/** A lease that ends when the key is not accepted any more. */
export const watchKey = (parts: WatchKeyParts): Lease => {
  const { judge, ending } = parts;
  return (held) => {
    const clock = parts.clock ?? held.clock;
    const look$ = defer(() => observed(judge(clock))).pipe(timeout({ first: PATIENCE_MS, scheduler: clock.scheduler }));
    return defer(() => timer(pauseOf(parts), clock.scheduler)).pipe(
      switchMap(() => look$),
      map((judgement) => verdictOn(judgement)),
      catchError((cause: unknown) => afterFailure(cause, parts)),
      repeat(),
      filter((reason) => reason !== undefined),
      take(1),
      map((reason): LeaseSignal => ({ type: 'revoke', reason, by: ending.by, graceMs: ending.graceMs })),
    );
  };
};

/** How long until the next look, in milliseconds. What is no chance is none. */
function pauseOf({ everyMs, random }: KeyWatch): number {
  const by = random();
  return by > 0 && by <= 1 ? Math.ceil(everyMs * (1 - SPREAD * by)) : everyMs;
}

const GONE = 'the key that this session was opened with is no longer accepted';
const UNCONFIRMED = 'your key can no longer be confirmed';

/** @returns why the session ends, if it does */
function verdictOn(judgement: KeyJudgement | KeysUnavailable): string | undefined {
  if (isUnavailable(judgement)) throw judgement.unavailable;
  // Undefined: the authority of the certificate is gone.
  return typeof judgement === 'object' ? undefined : GONE;
}

function afterFailure(cause: unknown, { report, onError }: WatchKeyParts): Observable<string | undefined> {
  report(cause);
  return of(onError === 'revoke' && !isBusy(cause) ? UNCONFIRMED : undefined);
}
