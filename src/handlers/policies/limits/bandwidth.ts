import { catchError, first, from, isObservable, map, type Observable, of } from 'rxjs';

import { startsProgram } from '../../../protocol/channels/session-request.js';
import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { Lease, LeaseNarrowing, LeaseSignal } from '../../../streams/lease.js';
import type { Policy } from '../../../streams/policy.js';
import { withLease } from '../../../streams/verdict.js';
import { type Answer, isPending } from '../answer.js';
import { decideEach, type UndeniedVerdict } from '../decide-each.js';
import { leaseEach } from '../lease-each.js';
import { requireCount } from '../option-checks.js';
import { policyOptionError } from '../policy-option-error.js';
import { policyName, type PolicyOptions } from '../policy-options.js';

/** How fast data may move, payload without the overhead of SSH. At least one rate. */
export interface BandwidthRates {
  /** Bytes per second that the server takes from the client. Integer, at least 1. Default: as many as come. */
  readonly receiveBytesPerSecond?: number;
  /** Bytes per second that the server sends to the client. Integer, at least 1. Default: as many as there are. */
  readonly sendBytesPerSecond?: number;
}

/** Rates that may change while sessions run; `undefined` for none. */
export type BandwidthStream = Observable<BandwidthRates | undefined>;

/** The rates of one request, or undefined if it is not limited. */
export type BandwidthOf<R> = (request: R) => Answer<BandwidthRates | undefined>;

/**
 * Limits how fast data moves, for as long as the granted thing lives.
 *
 * On a `ConnectionRequest` or `SSHUserAuthRequest` the rates are those of the whole connection, and its channels share them
 * in turn; on an `SSHChannelOpenRequest` or `SSHChannelRequest` each channel has them to itself. Of the requests of a channel
 * it limits those that start a program, and it leaves global and service requests alone: a client can repeat them at will.
 * Where several limits meet, all hold, so the lowest counts. After a rest, up to a second's worth goes through at once, no less
 * than 4 KiB and no more than 256 KiB.
 *
 * What a client sends too fast waits, up to the window of the channel, and is read at the rate; its window is given back at
 * the rate. The events `SSHChannelDataIn` tell of data as it arrives.
 *
 * `rates` may be a function that is asked once per request. It may answer later, and of an Observable the first value counts;
 * `undefined` leaves the request unlimited. If it fails, or answers with something else, the request is denied with
 * {@link DenyReason.PolicyFailed}. Or `rates` is a stream, to which each granted thing subscribes: the newest rates hold, also
 * for what has begun before, and the last ones remain when it completes. Nothing is limited until it emits, so hand over one
 * that begins with a value. If it errors, or emits what is no rate,
 * the server reports it and the permission is revoked. Grants nothing.
 *
 * @example
 * ```ts
 * import { BehaviorSubject } from 'rxjs';
 *
 * const rates$ = new BehaviorSubject<BandwidthRates>({ receiveBytesPerSecond: 1_000_000, sendBytesPerSecond: 1_000_000 });
 * const perUser = bandwidth<SSHUserAuthRequest>(rates$);
 * rates$.next({ sendBytesPerSecond: 100_000 });
 *
 * const perChannel = bandwidth<SSHChannelRequest>(({ identity }) =>
 *   identity.user === 'backup' ? undefined : { receiveBytesPerSecond: 500_000 },
 * );
 * ```
 *
 * @param rates - rates for all, a function that answers with the rates of one request, or a stream of rates for all
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if a rate is out of range or there is none.
 * @see RFC 4254 section 5.2 for the windows of a channel.
 */
export function bandwidth<R extends SshRequest>(
  rates: BandwidthRates | BandwidthStream | BandwidthOf<R>,
  options: PolicyOptions = {},
): Policy<R> {
  const by = policyName('bandwidth', options);
  if (typeof rates === 'function') return byRequest(by, rates);

  const leaseFor = isObservable(rates) ? following<R>(by, rates) : always(narrowingOf(rates));
  return leaseEach(by, (verdict) => (carriesData(verdict.request) ? leaseFor(verdict) : undefined));
}

function byRequest<R extends SshRequest>(by: string, rates: BandwidthOf<R>): Policy<R> {
  return decideEach(by, (verdict) => {
    const { request } = verdict;
    if (!carriesData(request)) return verdict;

    const limit = (own: BandwidthRates | undefined) =>
      own === undefined ? verdict : withLease<R>(verdict, of(narrowingOf(own)));
    const answer = rates(request);
    return isPending(answer) ? from(answer).pipe(first(), map(limit)) : limit(answer);
  });
}

/** Each grant has a lease of its own, so that one may end before the others. */
const always = (narrowing: LeaseNarrowing) => (): Lease => of(narrowing);

const following =
  <R extends SshRequest>(by: string, rates$: BandwidthStream) =>
  ({ request, context }: UndeniedVerdict<R>): Lease =>
    rates$.pipe(
      map((rates): LeaseSignal => (rates === undefined ? { type: 'narrow' } : narrowingOf(rates))),
      catchError((cause: unknown) => {
        context?.report({ type: 'failure', request, by, cause });
        return of<LeaseSignal>({ type: 'revoke', reason: 'the bandwidth can no longer be told', by });
      }),
    );

/** Whether data flows on what is granted, and a client cannot have it granted again and again on the same channel. */
const carriesData = (request: SshRequest): boolean =>
  request.type === 'ConnectionRequest' ||
  request.type === 'SSHUserAuthRequest' ||
  request.type === 'SSHChannelOpenRequest' ||
  (request.type === 'SSHChannelRequest' && startsProgram(request.requestType));

function narrowingOf(rates: BandwidthRates): LeaseNarrowing {
  if (typeof rates !== 'object' || (rates as unknown) === null) {
    throw policyOptionError('bandwidth', 'rates', 'must be rates, a function or an Observable', rates);
  }
  const { receiveBytesPerSecond, sendBytesPerSecond } = rates;
  if (receiveBytesPerSecond !== undefined) requireCount('bandwidth', 'receiveBytesPerSecond', receiveBytesPerSecond);
  if (sendBytesPerSecond !== undefined) requireCount('bandwidth', 'sendBytesPerSecond', sendBytesPerSecond);
  if (receiveBytesPerSecond === undefined && sendBytesPerSecond === undefined) {
    throw policyOptionError(
      'bandwidth',
      'rates',
      'must have a rate, receiveBytesPerSecond or sendBytesPerSecond',
      rates,
    );
  }
  return {
    type: 'narrow',
    ...(receiveBytesPerSecond === undefined ? {} : { receiveBytesPerSecond }),
    ...(sendBytesPerSecond === undefined ? {} : { sendBytesPerSecond }),
  };
}
