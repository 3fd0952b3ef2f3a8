import { filter, ignoreElements, map, merge, type Observable, tap } from 'rxjs';

import type { ConnectionInfo } from '../../../streams/connection-info.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type { EventStreams } from '../../../streams/event-streams.js';
import type { Decided } from '../../../streams/events/decided.js';
import type { Disconnected } from '../../../streams/events/disconnected.js';
import type { ErrorEvent } from '../../../streams/events/error.js';
import { isFailedAuthentication } from './failed-authentication.js';
import type { PenaltyWeights } from './penalty-weights.js';

/** A connection that ended badly. */
export interface Misbehaviour {
  readonly connection: ConnectionInfo;
  readonly kind: keyof PenaltyWeights;
}

/** What is known of a connection while it lives. */
interface Conduct {
  authenticated: boolean;
  failed: boolean;
  brokeProtocol: boolean;
}

/** What clients do that are merely old, or of another protocol. */
const NOT_HOSTILE: ReadonlySet<Disconnected['reason']> = new Set([
  'KEY_EXCHANGE_FAILED',
  'PROTOCOL_VERSION_NOT_SUPPORTED',
]);

/** Why a connection may be refused for where it comes from; other reasons tell of the server or of what it did before. */
const UNWELCOME: ReadonlySet<DenyReason> = new Set([DenyReason.AddressNotAllowed, DenyReason.NotPermitted]);

/**
 * The misbehaviour of all connections: one for each, when it ends, of the worst kind; none for those that behaved.
 *
 * Cold, but it watches events that are hot: a connection that began before the subscription is judged by what was seen of
 * it. Completes and errors as `events` do. Remembers nothing but the connections that live.
 */
export function misbehaviours(events: EventStreams): Observable<Misbehaviour> {
  const conducts = new WeakMap<ConnectionInfo, Conduct>();
  const conductOf = (connection: ConnectionInfo): Conduct => {
    let conduct = conducts.get(connection);
    if (conduct === undefined) {
      conduct = { authenticated: false, failed: false, brokeProtocol: false };
      conducts.set(connection, conduct);
    }
    return conduct;
  };

  const onDecided = (decided: Decided): keyof PenaltyWeights | undefined => {
    const { request, connection, outcome } = decided;
    if (request.type === 'ConnectionRequest') {
      // Of a connection that was refused nothing else is heard.
      return outcome === 'denied' && UNWELCOME.has(decided.reason) ? 'refusedMs' : undefined;
    }
    const conduct = conductOf(connection);
    if ('identity' in request) {
      conduct.authenticated = true;
    } else if (request.type === 'SSHUserAuthRequest') {
      if (outcome === 'granted' && decided.provisional !== true) conduct.authenticated = true;
      if (isFailedAuthentication(decided)) conduct.failed = true;
    }
    return undefined;
  };

  const onDisconnected = ({ connection, by, reason, revoked }: Disconnected): keyof PenaltyWeights | undefined => {
    const { authenticated, failed, brokeProtocol } = conductOf(connection);
    if (brokeProtocol && !NOT_HOSTILE.has(reason)) return 'protocolErrorMs';
    if (authenticated) return undefined;
    if (revoked?.by === 'loginGrace') return 'graceExceededMs';
    if (failed) return 'authFailureMs';
    // Whom this server sends away, because it shuts down for one, was not given the time.
    return by === 'server' && !brokeProtocol ? undefined : 'noAuthMs';
  };

  const onError = ({ connection, error }: ErrorEvent): void => {
    if (connection !== undefined && error.code === 'ERR_SSH_PROTOCOL') conductOf(connection).brokeProtocol = true;
  };

  return merge(
    // The end of the connection follows, with the reason.
    events.Error.pipe(tap(onError), ignoreElements()),
    events.Decided.pipe(map((event) => ({ connection: event.connection, kind: onDecided(event) }))),
    events.Disconnected.pipe(map((event) => ({ connection: event.connection, kind: onDisconnected(event) }))),
  ).pipe(filter((it): it is Misbehaviour => it.kind !== undefined));
}
