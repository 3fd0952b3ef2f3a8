import { Observable, type Subscriber } from 'rxjs';

import type { ConnectionInfo } from '../../../streams/connection-info.js';
import type { SSHUserAuthRequest } from '../../../streams/events/ssh-user-auth-request.js';
import type { LeaseRevocation, LeaseSignal } from '../../../streams/lease.js';
import type { Policy } from '../../../streams/policy.js';
import { requireBoolean } from '../choice-checks.js';
import { type EndingOptions, endingOf } from './ending-options.js';
import { leaseEach } from '../lease-each.js';
import { requireCount, requireFunction } from '../option-checks.js';

/** Options of {@link takeOver}. */
export interface TakeOverOptions extends Omit<EndingOptions, 'clock'> {
  /** Who counts as the same. Default the user name as the client sent it. */
  readonly keyOf?: (request: SSHUserAuthRequest) => string;
  /** Connections of one identity at once. Integer, at least 1. Default 1. */
  readonly max?: number;
  /** Whether the newcomer is told that an earlier connection was ended. Default false. */
  readonly warn?: boolean;
  /** Whether the one that ends is told the address of the newcomer. Default false: it may belong to somebody else. */
  readonly tellAddress?: boolean;
}

/**
 * Ends the oldest connection of an identity when it signs in once more than `max` allows.
 *
 * For people whose former connection hangs somewhere and whom a limit would lock out. Only a sign-in that was granted takes
 * over, so nobody is thrown out by somebody who guesses passwords. Remembers only what is alive, so it needs no bound; servers that
 * are given the same policy count together. Denies nothing, grants nothing; takes back what was granted.
 *
 * @example
 * ```ts
 * const oneSeat = takeOver({ warn: true, graceMs: 5000 });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is out of range.
 * @see {@link maxPerUser}, which denies the newcomer instead.
 */
export function takeOver(options: TakeOverOptions = {}): Policy<SSHUserAuthRequest> {
  const { by, graceMs } = endingOf('takeOver', options);
  const { keyOf = userOf, max = 1, warn = false, tellAddress = false } = options;
  requireFunction('takeOver', 'keyOf', keyOf);
  requireCount('takeOver', 'max', max);
  requireBoolean('takeOver', 'warn', warn);
  requireBoolean('takeOver', 'tellAddress', tellAddress);
  const holders = new Map<string, Map<ConnectionInfo, Subscriber<LeaseSignal>>>();

  const revocationBy = ({ remoteAddress }: ConnectionInfo): LeaseRevocation => {
    const where = tellAddress && remoteAddress !== '' ? ` (${remoteAddress})` : '';
    return { type: 'revoke', reason: `you signed in from elsewhere${where}`, by, graceMs };
  };

  return leaseEach(by, ({ request }) => {
    const { connection } = request;
    const key = keyOf(request);
    return new Observable<LeaseSignal>((subscriber) => {
      const connections = holders.get(key) ?? new Map<ConnectionInfo, Subscriber<LeaseSignal>>();
      holders.set(key, connections);
      // A connection that signs in by several steps, or is asked again, keeps its place in the order.
      connections.set(connection, subscriber);

      const surplus = [...connections].slice(0, Math.max(0, connections.size - max));
      for (const [former] of surplus) connections.delete(former);
      for (const [, holder] of surplus) holder.next(revocationBy(connection));
      if (warn && surplus.length > 0) {
        subscriber.next({
          type: 'warn',
          message: 'An earlier connection of yours was ended, since you signed in here',
        });
      }

      return () => {
        if (connections.get(connection) !== subscriber) return;
        connections.delete(connection);
        if (connections.size === 0) holders.delete(key);
      };
    });
  });
}

const userOf = (request: SSHUserAuthRequest): string => request.user;
