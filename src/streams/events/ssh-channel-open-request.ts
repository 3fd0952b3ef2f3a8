import type { ChannelOpenDetail } from '../../protocol/messages/channel-open-detail.js';
import type { ChannelId } from '../channel-id.js';
import type { ConnectionInfo } from '../connection-info.js';
import type { Identity } from '../identity.js';

/** The client asks for a channel (RFC 4254 section 5.1). */
export interface SSHChannelOpenRequest {
  readonly type: 'SSHChannelOpenRequest';
  readonly connection: ConnectionInfo;
  readonly identity: Identity;
  /** The id that the channel will have. */
  readonly channel: ChannelId;
  /** `session`, `direct-tcpip` and so on, as sent. */
  readonly channelType: string;
  /** The type-specific data, decoded where the type is known. */
  readonly detail: ChannelOpenDetail;
  /** The type-specific data as sent. */
  readonly data: Uint8Array;
}
