import type { ProtocolLimits } from '../protocol/limits.js';
import type { TransportSettings } from '../transport/transport-settings.js';
import type { Clock } from './clock.js';
import type { GreetingOf } from './connection-greeting.js';
import type { Edge } from './edge.js';
import type { EventHub } from './event-hub.js';
import type { LogLevel } from './events/log.js';
import type { ServerConnection } from './server-connection.js';
import type { BannerOf } from './user-auth-banner.js';

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
  /** What clients are sent before the server's identification; undefined for nothing. */
  readonly greeting?: GreetingOf | undefined;
  /** What users are shown before they sign in; undefined for nothing. */
  readonly banner?: BannerOf | undefined;
  /** Whether a client that identifies itself by that line is served; undefined if all are. */
  readonly admitsClient?: ((line: string) => boolean) | undefined;
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
