import type { ProtocolLimits } from '../protocol/limits.js';
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
  /** Authentication methods named to clients. */
  readonly authMethods: readonly string[];
  /** From accept to success, in milliseconds. */
  readonly loginGraceMs: number;
  readonly logLevel: LogLevel;
  /** Whether new work is refused because the server shuts down. */
  readonly draining: boolean;
  /** A user has got in on the connection. */
  authenticated(connection: ServerConnection): void;
  /** The connection has ended, or was refused. */
  release(connection: ServerConnection): void;
  /** A channel has closed; the drain may be waiting for it. */
  channelClosed(connection: ServerConnection): void;
}
