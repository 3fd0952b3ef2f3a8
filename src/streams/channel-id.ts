import type { Brand } from './brand.js';
import type { ConnectionId } from './connection-id.js';

/**
 * Identifies one channel, unique across all connections of a server.
 *
 * Derived from the connection and the number this server chose for the channel (RFC 4254 section 5.1). Numbers are
 * taken again once a channel has closed, so compare ids only while the channel lives.
 */
export type ChannelId = Brand<string, 'ChannelId'>;

/** The id of the channel that this server numbered `localNumber` on `connection`. */
export const channelId = (connection: ConnectionId, localNumber: number): ChannelId =>
  // The one place that makes these ids: the brand exists for the compiler only.
  `${connection}.${String(localNumber)}` as ChannelId;
