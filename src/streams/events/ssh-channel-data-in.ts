import type { ChannelId } from '../channel-id.js';
import type { ConnectionInfo } from '../connection-info.js';

/** A block of data arrived on a channel (RFC 4254 section 5.2). */
export interface SSHChannelDataIn {
  readonly type: 'SSHChannelDataIn';
  readonly connection: ConnectionInfo;
  readonly channel: ChannelId;
  /** The bytes as they arrived. Copy them to keep them: the memory is shared with the packet. */
  readonly data: Uint8Array;
  /** 0 for ordinary data, otherwise the data type code of SSH_MSG_CHANNEL_EXTENDED_DATA (1 is stderr). */
  readonly dataType: number;
}
