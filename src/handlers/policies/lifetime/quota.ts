import { defer, ignoreElements, map, merge, type Observable, of, takeWhile, tap } from 'rxjs';

import { DenyReason } from '../../../streams/deny-reason.js';
import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { LeaseSignal } from '../../../streams/lease.js';
import type { Policy } from '../../../streams/policy.js';
import { deny, withLease } from '../../../streams/verdict.js';
import { decideEach } from '../decide-each.js';
import { isLasting } from './is-lasting.js';
import { requireCount, requireDuration, requireFunction } from '../option-checks.js';
import { clockFor, type ClockOption, requireClock } from '../policy-clock.js';
import { policyOptionError } from '../policy-option-error.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import type { QuotaLimits, QuotaNotice, QuotaResource } from './quota-account.js';
import { QuotaLedger } from './quota-ledger.js';
import { SoleLease } from './sole-lease.js';
import { spokenDuration } from './spoken-duration.js';

/** Options of {@link quota}. At least one of `bytes`, `commands` and `timeMs` is given. */
export interface QuotaOptions<R> extends PolicyOptions, ClockOption {
  /** Payload bytes, both ways together. Integer, at least 1. Default not limited. */
  readonly bytes?: number;
  /** Programs started: shells, commands, subsystems. Counted on `SSHChannelRequest`. Integer, at least 1. Default not limited. */
  readonly commands?: number;
  /** Time connected, in milliseconds; of two connections at once, both count. Default not limited. */
  readonly timeMs?: number;
  /** Length of the window in milliseconds. */
  readonly windowMs: number;
  /** Who is charged. Default the user name, or the client's address on requests that name no user. */
  readonly keyOf?: (request: R) => string;
  /** How much is used when users are warned, in percent: above 0, at most 100. Default 80. */
  readonly warnAtPercent?: number;
  /** Identities with use in their window that are remembered at once. Integer, at least 1. Default 10 000. */
  readonly maxKeys?: number;
}

const WHAT: Readonly<Record<QuotaResource, string>> = {
  bytes: 'the data that you may transfer',
  commands: 'the commands that you may start',
  timeMs: 'the time that you may be connected',
};

/**
 * Limits what one identity may use in a window of time, over all its connections: bytes, commands, time.
 *
 * Denies with {@link DenyReason.QuotaExceeded} what is asked for when something is used up; warns everybody concerned at
 * `warnAtPercent`; ends all of the identity's grants that draw on the quota when their bytes exceed it or their time is over. Commands that
 * run go on when no more may be started. Use it on authentication requests for what goes over connections, on
 * channel requests for commands and what goes over the channels of programs; give `commands` a policy of its own if you
 * want both. Grants nothing.
 *
 * Windows are fixed, not sliding: one begins with the first use after the last has ended, so that twice the quota can
 * be used around the change. Only what was granted is charged, and bytes up to the end of the packet at hand. The account is in the
 * memory of this process: several processes each allow the whole quota, and a restart forgets. It survives as long as the policy
 * does. When `maxKeys` identities have use in their windows, others are denied with {@link DenyReason.LimitReached}, since forgetting
 * one would give it its quota anew.
 *
 * @example
 * ```ts
 * const DAY = 86_400_000;
 * const traffic = quota<SSHUserAuthRequest>({ bytes: 10_000_000_000, timeMs: 8 * 3_600_000, windowMs: DAY });
 * const commands = quota<SSHChannelRequest>({ commands: 1000, windowMs: DAY, name: 'commands' });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is out of range or nothing is limited.
 * @see {@link rateLimit} for a sliding window over requests of any kind.
 */
export function quota<R extends SshRequest>(options: QuotaOptions<R>): Policy<R> {
  const by = policyName('quota', options);
  const { keyOf = userOrAddress, maxKeys = 10_000 } = options;
  const limits = limitsOf(options);
  requireFunction('quota', 'keyOf', keyOf);
  requireCount('quota', 'maxKeys', maxKeys);
  requireClock('quota', options);
  const ledger = new QuotaLedger(limits, maxKeys);
  const sole = new SoleLease();

  const window = spokenDuration(limits.windowMs);
  const full$ = of<LeaseSignal>({ type: 'revoke', reason: 'too many users are signed in', by });
  const signalOf = ({ resource, percent, exceeded }: QuotaNotice): LeaseSignal =>
    exceeded
      ? { type: 'revoke', reason: `you have used up ${WHAT[resource]} within ${window}`, by }
      : { type: 'warn', message: `You have used ${String(percent)} percent of ${WHAT[resource]} within ${window}` };

  return decideEach(by, (verdict) => {
    const { request, context } = verdict;
    if (!isLasting(request)) return verdict;
    const key = keyOf(request);
    // What is asked about again has been charged already.
    const commands = request.type === 'SSHChannelRequest' && context?.reevaluation !== true ? 1 : 0;
    const account = ledger.find(key);
    if (account === undefined && ledger.isFull(clockFor(options, verdict))) {
      return deny(verdict, by, DenyReason.LimitReached);
    }
    if (account?.usedUp(commands) !== undefined) return deny(verdict, by, DenyReason.QuotaExceeded);

    const lease = sole.of(`${request.type} ${key}`, (held) =>
      defer((): Observable<LeaseSignal> => {
        const drawn = ledger.open(key, options.clock ?? held.clock);
        if (drawn === undefined) return full$;
        const notice$ = drawn.draw(commands).pipe(map(signalOf));
        if (limits.bytes === undefined) return notice$;
        const transfer$ = held.activity.pipe(
          tap((bytes) => {
            drawn.transfer(bytes);
          }),
          ignoreElements(),
        );
        return merge(notice$, transfer$);
      }).pipe(takeWhile(({ type }) => type !== 'revoke', true)),
    );
    return withLease<R>(verdict, lease);
  });
}

function limitsOf<R>({ bytes, commands, timeMs, windowMs, warnAtPercent = 80 }: QuotaOptions<R>): QuotaLimits {
  if (bytes !== undefined) requireCount('quota', 'bytes', bytes);
  if (commands !== undefined) requireCount('quota', 'commands', commands);
  if (timeMs !== undefined) requireDuration('quota', 'timeMs', timeMs);
  if (bytes === undefined && commands === undefined && timeMs === undefined) {
    throw policyOptionError('quota', 'bytes, commands or timeMs', 'must be given', undefined);
  }
  requireDuration('quota', 'windowMs', windowMs);
  if (!Number.isFinite(warnAtPercent) || warnAtPercent <= 0 || warnAtPercent > 100) {
    throw policyOptionError('quota', 'warnAtPercent', 'must be above 0 and at most 100', warnAtPercent);
  }
  return {
    windowMs,
    warnAtPercent,
    ...(bytes === undefined ? {} : { bytes }),
    ...(commands === undefined ? {} : { commands }),
    ...(timeMs === undefined ? {} : { timeMs }),
  };
}

function userOrAddress(request: SshRequest): string {
  if ('identity' in request) return request.identity.user;
  return 'user' in request ? request.user : request.connection.remoteAddress;
}
