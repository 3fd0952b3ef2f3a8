import { ChannelOpenDetail } from '../protocol/messages/channel-open-detail.js';
import type { SSHChannelOpenRequest } from '../streams/events/ssh-channel-open-request.js';
import { channelOf, type ChannelOrigin, connectionOf, identityOf } from './request-origin.js';

const build = (detail: ChannelOpenDetail, origin: ChannelOrigin): SSHChannelOpenRequest => ({
  type: 'SSHChannelOpenRequest',
  connection: connectionOf(origin),
  identity: identityOf(origin),
  channel: channelOf(origin),
  channelType: ChannelOpenDetail.nameOf(detail),
  detail,
  data: ChannelOpenDetail.encode(detail),
});

/**
 * Builds requests for a channel as a server would see them (RFC 4254 section 5.1).
 *
 * @example
 * ```ts
 * const toDatabase = channelOpen.directTcpip('db.example.com', 5432, { user: 'bob' });
 * ```
 */
export const channelOpen = {
  /** A session (RFC 4254 section 6.1). */
  session: (origin: ChannelOrigin = {}): SSHChannelOpenRequest => build({ type: 'session' }, origin),

  /** A way to a TCP port that the server can reach (RFC 4254 section 7.2). */
  directTcpip: (hostToConnect: string, portToConnect: number, origin: ChannelOrigin = {}): SSHChannelOpenRequest =>
    build(
      { type: 'direct-tcpip', hostToConnect, portToConnect, originatorAddress: '127.0.0.1', originatorPort: 40_000 },
      origin,
    ),

  /** A way to a Unix socket that the server can reach (OpenSSH PROTOCOL, section 2.4). */
  directStreamlocal: (socketPath: string, origin: ChannelOrigin = {}): SSHChannelOpenRequest =>
    build({ type: 'direct-streamlocal@openssh.com', socketPath, reserved: Buffer.alloc(0), reservedNumber: 0 }, origin),

  /** A channel of a type that the server does not know; `data` is the type-specific part. */
  other: (
    channelType: string,
    data: Uint8Array = new Uint8Array(),
    origin: ChannelOrigin = {},
  ): SSHChannelOpenRequest => build({ type: 'other', name: channelType, data: Buffer.from(data) }, origin),
} as const;
