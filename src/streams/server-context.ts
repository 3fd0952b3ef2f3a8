import type { ProtocolLimits } from '../protocol/limits.js';
import type { TransportSettings } from '../transport/transport-settings.js';
import type { Clock } from './clock.js';
import type { Edge } from './edge.js';
import type { EventHub } from './event-hub.js';
import type { LogLevel } from './events/log.js';
import type { ServerConnection } from './server-connection.js';

/** What the connections of one server share. */
export interface ServerContext {
  readonly hub: EventHub;
  readonly edge: Edge;
  readonly clock: Clock;
  readonly limits: ProtocolLimits;
  readonly transport: TransportSettings;
  /** Authentication methods named to clients. */
  readonly authMethods: readonly string[];
  /** Signature algorithms accepted from users who sign in with a key; undefined for all that are known. */
  readonly publicKeySignatures: readonly string[] | undefined;
  /** From accept to success, in milliseconds. */
  readonly loginGraceMs: number;
  readonly logLevel: LogLevel;
  /** Whether what is granted is only decided and not done. */
  readonly rehearsing: boolean;
  /** Whether new work is refused because the server shuts down. */
  readonly draining: boolean;
  /** A user has got in on the connection. */
  authenticated(connection: ServerConnection): void;
  /** The connection has ended, or was refused. */
  release(connection: ServerConnection): void;
  /** A channel has closed; the drain may be waiting for it. */
  channelClosed(connection: ServerConnection): void;
}
