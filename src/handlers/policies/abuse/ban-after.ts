import { EMPTY, map, type Observable } from 'rxjs';

import { DenyReason } from '../../../streams/deny-reason.js';
import type { Decided } from '../../../streams/events/decided.js';
import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { SSHUserAuthRequest } from '../../../streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../streams/policy.js';
import type { PolicyContext } from '../../../streams/policy-context.js';
import { deny } from '../../../streams/verdict.js';
import { whenAnswered } from '../answer.js';
import type { FromConnection } from '../from-connection.js';
import { BanLedger } from './ban-ledger.js';
import { requireBoolean, requireChoice } from '../choice-checks.js';
import { completeStoreOf } from '../counting/complete-store.js';
import type { CounterStoreOptions } from '../counting/counter-store-option.js';
import { decideEach } from '../decide-each.js';
import { isFailedAuthentication } from './failed-authentication.js';
import { learnFrom } from './learn-from.js';
import { requireCount, requireDuration, requireFunction } from '../option-checks.js';
import { clockFor, type ClockOption, requireClock } from '../policy-clock.js';
import { policyOptionError } from '../policy-option-error.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { prefixLengths, type SourcePrefixOptions } from '../matching/prefix-lengths.js';
import { sourcePrefix } from '../matching/source-prefix.js';
import { passOnFailure, type StoreFailureOption } from '../counting/store-failure-option.js';

/**
 * Options of {@link banAfter}.
 *
 * In a store that is shared, policies with the same `name` share failures and bans, so that the processes of one service
 * do; give them the same options.
 */
export interface BanAfterOptions
  extends PolicyOptions, ClockOption, SourcePrefixOptions, CounterStoreOptions, StoreFailureOption {
  /** Failures of one source in any `windowMs` that lead to a ban. Integer, at least 1. */
  readonly failures: number;
  /** Length of that window in milliseconds. */
  readonly windowMs: number;
  /** Length of a first ban in milliseconds. */
  readonly banMs: number;
  /** Length of the longest ban in milliseconds, at least `banMs`. Default one day, or `banMs` if that is longer. */
  readonly maxBanMs?: number;
  /**
   * After how long without a ban, in milliseconds, the next one is a first one again: counted from the end of the last. A
   * store with a clock of its own may count from the end of the longest one that there could be. Default seven days.
   */
  readonly forgetMs?: number;
  /**
   * Whether a sign-in with a key that was proven and granted, as its only step or one of them, lifts the ban and clears the record. A banned source may then still ask for
   * authentication by public key, where guessing is hopeless; so place the policy on `SSHUserAuthRequest` and not on
   * `ConnectionRequest`, or there is no connection to prove a key on. One user with a key lifts the ban for everybody in
   * the same network. Default false.
   */
  readonly liftOnProvenKey?: boolean;
  /**
   * What counts as a failure. Default: a password, an answer, a proven key or a wrong signature that was denied as bad
   * credential, bad signature, key or user not accepted, or since nobody granted it. Questions never count: `none`, keys
   * that are only offered, the start of keyboard-interactive. Nor does what was denied for other reasons, a ban among them.
   */
  readonly isFailure?: (decided: Decided) => boolean;
}

const DAY_MS = 24 * 60 * 60_000;

/**
 * Bans the sources of too many failures: denies what they ask for with {@link DenyReason.Banned}. Grants nothing.
 *
 * A source is a network, as for {@link maxPerSource}; a peer without an address is neither counted nor banned. The policy
 * learns from the `Decided` events of its server, from the first request that it sees, whatever it is placed on:
 * `ConnectionRequest` keeps banned sources out at once. Each ban is twice as long as the one before, up to `maxBanMs`,
 * and starts anew after `forgetMs` without one. A ban ends no connection that is there already, nor when policies are
 * replaced, but place the policy on other requests and it denies them. The failures that such connections add during a ban
 * do not prolong it.
 *
 * Memory is bounded, see {@link MemoryCounterStore}: to lift a ban before its time a peer would need as many other bans of
 * its length as the store has keys. A store that fails while the policy learns costs that failure and is reported.
 *
 * @example
 * ```ts
 * const bans = banAfter<ConnectionRequest>({ failures: 10, windowMs: 10 * 60_000, banMs: 10 * 60_000 });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is out of range.
 * @see {@link penalties}, which weighs other misbehaviour as well.
 */
export function banAfter<R extends FromConnection>(options: BanAfterOptions): Policy<R> {
  const by = policyName('banAfter', options);
  const { failures, windowMs, banMs, maxBanMs = Math.max(banMs, DAY_MS), forgetMs = 7 * DAY_MS } = options;
  const { liftOnProvenKey = false, isFailure = isFailedAuthentication, onStoreFailure = 'deny' } = options;
  requireCount('banAfter', 'failures', failures);
  requireDuration('banAfter', 'windowMs', windowMs);
  requireDuration('banAfter', 'banMs', banMs);
  requireDuration('banAfter', 'maxBanMs', maxBanMs);
  requireDuration('banAfter', 'forgetMs', forgetMs);
  if (maxBanMs < banMs) throw policyOptionError('banAfter', 'maxBanMs', 'must be at least banMs', maxBanMs);
  requireBoolean('banAfter', 'liftOnProvenKey', liftOnProvenKey);
  requireFunction('banAfter', 'isFailure', isFailure);
  requireClock('banAfter', options);
  requireChoice('banAfter', 'onStoreFailure', onStoreFailure, ['deny', 'allow']);
  const lengths = prefixLengths('banAfter', options);
  const ledger = new BanLedger(completeStoreOf('banAfter', options), by, {
    failures,
    windowMs,
    banMs,
    maxBanMs,
    forgetMs,
  });

  const decide = decideEach<R>(by, (verdict) => {
    const { request, context } = verdict;
    const source = sourcePrefix(request.connection.remoteAddress, lengths);
    if (source === undefined || context?.reevaluation === true) return verdict;
    if (liftOnProvenKey && isKeyRequest(request)) return verdict;

    return passOnFailure(options, by, verdict, () =>
      whenAnswered(ledger.timeLeft(source, clockFor(options, verdict).now()), (left) =>
        left === 0 ? verdict : deny(verdict, by, DenyReason.Banned),
      ),
    );
  });

  /** Grants count only where they lift bans, or where the application judges: what nobody listens to is not built. */
  const lessonsIn = ({ events, denials }: Pick<PolicyContext, 'denials' | 'events'>): Observable<Decided> =>
    liftOnProvenKey || options.isFailure !== undefined ? events.Decided : denials;

  return learnFrom(
    by,
    (server) =>
      lessonsIn(server).pipe(
        map((decided) => ({
          request: decided.request,
          learn: () => {
            const lifts = liftOnProvenKey && isGrantedKey(decided);
            // First, since most decisions are neither and an address takes longer to read, above all of IPv6.
            if (!lifts && !isFailure(decided)) return EMPTY;
            const source = sourcePrefix(decided.connection.remoteAddress, lengths);
            if (source === undefined) return EMPTY;
            return lifts ? ledger.lift(source) : ledger.fail(source, (options.clock ?? server.clock).now());
          },
        })),
      ),
    decide,
  );
}

/** The offer of a key or its proof. A wrong signature is neither. */
const isKeyRequest = (request: FromConnection | SshRequest): boolean =>
  'type' in request &&
  request.type === 'SSHUserAuthRequest' &&
  request.method === 'publickey' &&
  request.stage !== 'refuted';

const isGrantedKey = (decided: Decided): boolean => {
  const { outcome, request } = decided;
  if (outcome !== 'granted' || decided.provisional === true || request.type !== 'SSHUserAuthRequest') return false;
  // A key that was only a step has been proven all the same, but by somebody who may yet guess the rest.
  return provesKey(request) || request.passed?.some(({ method }) => method === 'publickey') === true;
};

const provesKey = (request: SSHUserAuthRequest): boolean =>
  request.method === 'publickey' && request.stage === 'proven';
