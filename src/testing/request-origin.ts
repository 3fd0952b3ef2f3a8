import { type ChannelId, channelId } from '../streams/channel-id.js';
import { connectionId } from '../streams/connection-id.js';
import type { ConnectionInfo } from '../streams/connection-info.js';
import type { Identity } from '../streams/identity.js';

/** Which connection a request comes from. Every builder of `rxsshd/testing` takes these. */
export interface RequestOrigin {
  /** The client's address. Default `192.0.2.7`, an address for documentation (RFC 5737). */
  readonly from?: string;
  /** The ordinal of the connection on its server; each has an id of its own. Default 1. */
  readonly connection?: number;
}

/** Who a request comes from, for requests that follow authentication. */
export interface SessionOrigin extends RequestOrigin {
  /** The user who has signed in. Default `ann`. */
  readonly user?: string;
  /** Who has signed in, complete. Default `user`, by password. */
  readonly identity?: Identity;
}

/** Which channel a request is about. */
export interface ChannelOrigin extends SessionOrigin {
  /** The server's number of the channel (RFC 4254 section 5.1). Default 0. */
  readonly channel?: number;
}

/** The connection that `origin` describes. */
export const connectionOf = ({ from = '192.0.2.7', connection = 1 }: RequestOrigin): ConnectionInfo => ({
  id: connectionId(connection),
  remoteAddress: from,
  remotePort: 50_000 + connection,
  localAddress: '192.0.2.1',
  localPort: 22,
});

/** Who signed in on the connection that `origin` describes. */
export const identityOf = ({ user = 'ann', identity = { user, method: 'password' } }: SessionOrigin): Identity =>
  identity;

/** The channel that `origin` describes. */
export const channelOf = ({ connection = 1, channel = 0 }: ChannelOrigin): ChannelId =>
  channelId(connectionId(connection), channel);
