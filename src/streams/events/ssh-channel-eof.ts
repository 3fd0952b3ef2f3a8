import type { ChannelId } from '../channel-id.js';
import type { ConnectionInfo } from '../connection-info.js';

/** The client will send no more data on a channel; the other direction stays open (RFC 4254 section 5.3). */
export interface SSHChannelEOF {
  readonly type: 'SSHChannelEOF';
  readonly connection: ConnectionInfo;
  readonly channel: ChannelId;
}
