import type { ChannelRequestDetail } from '../../protocol/messages/channel-request-detail.js';
import type { ChannelId } from '../channel-id.js';
import type { ConnectionInfo } from '../connection-info.js';
import type { Identity } from '../identity.js';

/** What a channel request carries (RFC 4254 section 5.4). */
export interface ChannelRequestContent {
  readonly connection: ConnectionInfo;
  readonly identity: Identity;
  readonly channel: ChannelId;
  readonly channelType: string;
  /** `pty-req`, `exec`, `env` and so on, as sent. */
  readonly requestType: string;
  /** Whether the client waits for an answer. */
  readonly wantReply: boolean;
  /** The type-specific data, decoded where the type is known. */
  readonly detail: ChannelRequestDetail;
  /** The type-specific data as sent. */
  readonly data: Uint8Array;
}

/** The client asks something of a channel: a terminal, a command, a window size (RFC 4254 sections 5.4 and 6). */
export interface SSHChannelRequest extends ChannelRequestContent {
  readonly type: 'SSHChannelRequest';
}
