import { Observable } from 'rxjs';

import type { ConnectionId } from '../../../streams/connection-id.js';
import type { ConnectionInfo } from '../../../streams/connection-info.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type { EventStreams } from '../../../streams/event-streams.js';
import type { Denial } from '../../../streams/events/denial.js';
import type { Disconnected } from '../../../streams/events/disconnected.js';
import { isFailedAuthentication } from './failed-authentication.js';
import type { PenaltyWeights } from './penalty-weights.js';

/** A connection that ended badly. */
export interface Misbehaviour {
  readonly connection: ConnectionInfo;
  readonly kind: keyof PenaltyWeights;
}

/** What is known against a connection while it lives. */
interface Charges {
  failed: boolean;
  brokeProtocol: boolean;
}

/** Of a connection of which nothing is known. */
const NO_CHARGES: Readonly<Charges> = { failed: false, brokeProtocol: false };

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
 * it. Completes and errors as they do. It hears of no grant, so that a connection that behaves costs one event, its end; it
 * remembers only connections that live and have failed or broken the protocol.
 */
export function misbehaviours(
  events: Pick<EventStreams, 'Error' | 'Disconnected'>,
  denials$: Observable<Denial>,
): Observable<Misbehaviour> {
  return new Observable((subscriber) => {
    const charged = new Map<ConnectionId, Charges>();
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

    subscriber.add(
      denials$.subscribe({
        next: (denial) => {
          const { request, connection } = denial;
          if (request.type === 'ConnectionRequest') tell(connection, refusalOf(denial));
          else if (isFailedAuthentication(denial)) chargesOf(charged, connection).failed = true;
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
            chargesOf(charged, connection).brokeProtocol = true;
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
          const charges = charged.get(connection.id) ?? NO_CHARGES;
          charged.delete(connection.id);
          tell(connection, endOf(charges, disconnected));
        },
        error,
        complete,
      }),
    );
  });
}

/** Of a connection that was refused nothing else is heard. */
const refusalOf = ({ reason }: Denial): keyof PenaltyWeights | undefined =>
  UNWELCOME.has(reason) ? 'refusedMs' : undefined;

function endOf(
  { failed, brokeProtocol }: Readonly<Charges>,
  { identity, by, reason, revoked }: Disconnected,
): keyof PenaltyWeights | undefined {
  if (brokeProtocol && !NOT_HOSTILE.has(reason)) return 'protocolErrorMs';
  if (identity !== undefined) return undefined;
  if (revoked?.by === 'loginGrace') return 'graceExceededMs';
  if (failed) return 'authFailureMs';
  // Whom this server sends away, because it shuts down for one, was not given the time.
  return by === 'server' && !brokeProtocol ? undefined : 'noAuthMs';
}

function chargesOf(charged: Map<ConnectionId, Charges>, { id }: ConnectionInfo): Charges {
  let charges = charged.get(id);
  if (charges === undefined) {
    charges = { failed: false, brokeProtocol: false };
    charged.set(id, charges);
  }
  return charges;
}
