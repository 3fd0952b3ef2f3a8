import {
  catchError,
  defer,
  EMPTY,
  filter,
  isObservable,
  map,
  type Observable,
  type ObservableInput,
  of,
  take,
} from 'rxjs';

import type { ConnectionId } from '../../../streams/connection-id.js';
import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { Held } from '../../../streams/held.js';
import type { LeaseSignal } from '../../../streams/lease.js';
import type { Policy } from '../../../streams/policy.js';
import { requireChoice } from '../choice-checks.js';
import { type EndingOptions, endingOf } from './ending-options.js';
import { isLasting } from './is-lasting.js';
import { leaseEach } from '../lease-each.js';
import { requireFunction } from '../option-checks.js';
import { policyOptionError } from '../policy-option-error.js';

/** Whose grants end, and why. Without `user` and `connection` it means all of them. */
export interface RevocationNotice {
  /** The user name, as the client sent it. */
  readonly user?: string;
  /** The connection, with all that was granted on it. */
  readonly connection?: ConnectionId;
  /** What users are told. Default the `reason` of the policy. */
  readonly reason?: string;
}

/** What ends grants: a text, which is the reason; `true`; or a notice for some of them. `false` ends nothing. */
export type RevocationSignal = string | boolean | RevocationNotice;

/** Options of {@link revokedBy}. */
export interface RevokedByOptions<R> extends Omit<EndingOptions, 'clock'> {
  /** What users are told if the stream says nothing else. Default that their access has been revoked. */
  readonly reason?: string;
  /**
   * Whether a notice means this grant. Asked for objects alone; a text and `true` mean every grant. Default: the `user` is
   * the one who has signed in and the `connection` is this one, as far as the notice names them.
   */
  readonly matches?: (notice: RevocationNotice, request: R, held: Held) => boolean;
  /**
   * What happens when the stream errors or `matches` throws. Default `revoke`: nobody can say any more whether the grant
   * stands. With `ignore` it stands and can no longer be taken back by this policy. Both are reported as an `Error` event.
   */
  readonly onError?: 'revoke' | 'ignore';
}

const UNCONFIRMED = 'your access can no longer be confirmed';

/**
 * Ends grants when a stream says so: an administrator's lock, an account that was disabled in the directory.
 *
 * The stream is subscribed once for each grant that is held, when it begins, and unsubscribed when it ends; share
 * it if it is costly. What it emits before is missed, unless it replays: a `BehaviorSubject<boolean>` that is `true` ends what
 * was granted at once. A stream that completes ends nothing. A notice that names a user does not mean a connection on
 * which nobody has signed in yet, so use this on authentication requests. Denies nothing, grants nothing; takes back what was
 * granted.
 *
 * @example
 * ```ts
 * import { Subject } from 'rxjs';
 *
 * const lock = new Subject<RevocationSignal>();
 * const locked = revokedBy<SSHUserAuthRequest>(lock, { reason: 'the server is closed for maintenance' });
 * lock.next({ user: 'mallory', reason: 'this account has been disabled' });
 * ```
 *
 * @param source - The stream, or a function that makes the one of a granted request. It is called when the grant begins; if it
 * throws, that counts as an error of the stream.
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `source` is neither, or an option is out of range.
 */
export function revokedBy<R extends SshRequest>(
  source: Observable<RevocationSignal> | ((request: R) => ObservableInput<RevocationSignal>),
  options: RevokedByOptions<R> = {},
): Policy<R> {
  const { by, graceMs } = endingOf('revokedBy', options);
  const { reason: usual = 'your access has been revoked', matches = isMeant, onError = 'revoke' } = options;
  if (!isObservable(source)) requireFunction('revokedBy', 'source', source);
  if (typeof usual !== 'string' || usual.trim() === '') {
    throw policyOptionError('revokedBy', 'reason', 'must be a text', usual);
  }
  requireFunction('revokedBy', 'matches', matches);
  requireChoice('revokedBy', 'onError', onError, ['revoke', 'ignore']);
  const revoke = (reason: string): LeaseSignal => ({ type: 'revoke', reason, by, graceMs });

  return leaseEach<R>(by, ({ request, context }) => {
    if (!isLasting(request)) return undefined;
    return (held) =>
      defer(() => (isObservable(source) ? source : source(request))).pipe(
        filter((signal) => (isNotice(signal) ? matches(signal, request, held) : signal !== false)),
        take(1),
        map((signal) => revoke(reasonOf(signal) ?? usual)),
        catchError((cause: unknown) => {
          context?.report({ type: 'failure', request, by, cause });
          return onError === 'revoke' ? of(revoke(UNCONFIRMED)) : EMPTY;
        }),
      );
  });
}

const isNotice = (signal: RevocationSignal): signal is RevocationNotice => typeof signal === 'object';

function isMeant(notice: RevocationNotice, request: SshRequest, { connection }: Held): boolean {
  if (notice.connection !== undefined && notice.connection !== connection.info.id) return false;
  return notice.user === undefined || notice.user === (connection.identity?.user ?? userOf(request));
}

/** Of a sign-in, whose lease may begin before the connection knows whose it is. */
const userOf = (request: SshRequest): string | undefined => ('user' in request ? request.user : undefined);

function reasonOf(signal: RevocationSignal): string | undefined {
  const reason = isNotice(signal) ? signal.reason : signal;
  return typeof reason === 'string' && reason.trim() !== '' ? reason : undefined;
}
