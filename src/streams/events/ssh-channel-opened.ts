import type { ChannelId } from '../channel-id.js';
import type { ConnectionInfo } from '../connection-info.js';

/** A channel is open in both directions (RFC 4254 section 5.1). */
export interface SSHChannelOpened {
  readonly type: 'SSHChannelOpened';
  readonly connection: ConnectionInfo;
  readonly channel: ChannelId;
  readonly channelType: string;
}
