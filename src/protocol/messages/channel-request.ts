import { SSH_MSG } from '../../transport/messages/message-number.js';
import { ascii, boolean, rest, uint32 } from '../../transport/wire/codec.js';
import { message, type MessageOf } from '../../transport/wire/message.js';

/** Asks something of a channel (RFC 4254 section 5.4). `ChannelRequestDetail` reads `data`. */
export const ChannelRequest = message(SSH_MSG.CHANNEL_REQUEST, 'SSH_MSG_CHANNEL_REQUEST', {
  recipientChannel: uint32,
  requestType: ascii,
  wantReply: boolean,
  /** What belongs to this request type. */
  data: rest,
});
export type ChannelRequest = MessageOf<typeof ChannelRequest>;

/** Grants the oldest {@link ChannelRequest} not yet answered (RFC 4254 section 5.4). */
export const ChannelSuccess = message(SSH_MSG.CHANNEL_SUCCESS, 'SSH_MSG_CHANNEL_SUCCESS', { recipientChannel: uint32 });
export type ChannelSuccess = MessageOf<typeof ChannelSuccess>;

/** Refuses the oldest {@link ChannelRequest} not yet answered (RFC 4254 section 5.4). */
export const ChannelFailure = message(SSH_MSG.CHANNEL_FAILURE, 'SSH_MSG_CHANNEL_FAILURE', { recipientChannel: uint32 });
export type ChannelFailure = MessageOf<typeof ChannelFailure>;
