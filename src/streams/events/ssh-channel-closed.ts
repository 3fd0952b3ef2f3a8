import type { ChannelId } from '../channel-id.js';
import type { ConnectionInfo } from '../connection-info.js';
import type { Revocation } from '../revocation.js';

/** How the program on a session channel ended (RFC 4254 section 6.10). */
export type ChannelExit = { readonly status: number } | { readonly signal: string };

/** A channel is closed in both directions, or its connection ended (RFC 4254 section 5.3). */
export interface SSHChannelClosed {
  readonly type: 'SSHChannelClosed';
  readonly connection: ConnectionInfo;
  readonly channel: ChannelId;
  readonly channelType: string;
  /** What this server reported of the program's end; absent if it reported nothing. */
  readonly exit?: ChannelExit;
  /** Who took the permission for the channel back, and why; absent if nobody did. */
  readonly revoked?: Revocation;
  /** Payload bytes received on the channel. */
  readonly bytesReceived: number;
  /** Payload bytes sent on the channel. */
  readonly bytesSent: number;
}
