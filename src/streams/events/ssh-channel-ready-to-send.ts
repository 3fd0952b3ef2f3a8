import type { ChannelId } from '../channel-id.js';
import type { ConnectionInfo } from '../connection-info.js';

/** A channel can take data: once after it opened, and again each time the peer's window had been used up. */
export interface SSHChannelReadyToSend {
  readonly type: 'SSHChannelReadyToSend';
  readonly connection: ConnectionInfo;
  readonly channel: ChannelId;
}
