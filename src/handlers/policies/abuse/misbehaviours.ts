import { Observable } from 'rxjs';

import type { ConnectionId } from '../../../streams/connection-id.js';
import type { ConnectionInfo } from '../../../streams/connection-info.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type { EventStreams } from '../../../streams/event-streams.js';
import type { Decided } from '../../../streams/events/decided.js';
import type { Disconnected } from '../../../streams/events/disconnected.js';
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
  return new Observable((subscriber) => {
    const conducts = new Map<ConnectionId, Conduct>();
    const tell = (connection: ConnectionInfo, kind: keyof PenaltyWeights | undefined): void => {
      if (kind !== undefined) subscriber.next({ connection, kind });
    };
    const error = (cause: unknown): void => {
      subscriber.error(cause);
    };
    // All three end together, with the server.
    const complete = (): void => {
      subscriber.complete();
    };

    // Every decision of the server comes through here.
    subscriber.add(
      events.Decided.subscribe({
        next: (decided) => {
          const { request, connection } = decided;
          if (request.type === 'ConnectionRequest') tell(connection, refusalOf(decided));
          else noteDecided(conductIn(conducts, connection), decided);
        },
        error,
        complete,
      }),
    );
    subscriber.add(
      events.Error.subscribe({
        next: ({ connection, error: { code } }) => {
          // The end of the connection follows, with the reason.
          if (connection !== undefined && code === 'ERR_SSH_PROTOCOL') {
            conductIn(conducts, connection).brokeProtocol = true;
          }
        },
        error,
        complete,
      }),
    );
    subscriber.add(
      events.Disconnected.subscribe({
        next: (disconnected) => {
          const { connection } = disconnected;
          const conduct = conductIn(conducts, connection);
          conducts.delete(connection.id);
          tell(connection, endOf(conduct, disconnected));
        },
        error,
        complete,
      }),
    );
  });
}

/** Of a connection that was refused nothing else is heard. */
const refusalOf = (decided: Decided): keyof PenaltyWeights | undefined =>
  decided.outcome === 'denied' && UNWELCOME.has(decided.reason) ? 'refusedMs' : undefined;

function noteDecided(conduct: Conduct, decided: Decided): void {
  const { request, outcome } = decided;
  if ('identity' in request) {
    conduct.authenticated = true;
  } else if (request.type === 'SSHUserAuthRequest') {
    if (outcome === 'granted' && decided.provisional !== true) conduct.authenticated = true;
    if (isFailedAuthentication(decided)) conduct.failed = true;
  }
}

function endOf(
  { authenticated, failed, brokeProtocol }: Conduct,
  { by, reason, revoked }: Disconnected,
): keyof PenaltyWeights | undefined {
  if (brokeProtocol && !NOT_HOSTILE.has(reason)) return 'protocolErrorMs';
  if (authenticated) return undefined;
  if (revoked?.by === 'loginGrace') return 'graceExceededMs';
  if (failed) return 'authFailureMs';
  // Whom this server sends away, because it shuts down for one, was not given the time.
  return by === 'server' && !brokeProtocol ? undefined : 'noAuthMs';
}

function conductIn(conducts: Map<ConnectionId, Conduct>, { id }: ConnectionInfo): Conduct {
  let conduct = conducts.get(id);
  if (conduct === undefined) {
    conduct = { authenticated: false, failed: false, brokeProtocol: false };
    conducts.set(id, conduct);
  }
  return conduct;
}
