import { SSH_MSG } from '../../transport/messages/message-number.js';
import { ascii, rest, uint32, utf8 } from '../../transport/wire/codec.js';
import { message, type MessageOf } from '../../transport/wire/message.js';

/** Asks for a channel (RFC 4254 section 5.1). `ChannelOpenDetail` reads `data`. */
export const ChannelOpen = message(SSH_MSG.CHANNEL_OPEN, 'SSH_MSG_CHANNEL_OPEN', {
  channelType: ascii,
  senderChannel: uint32,
  /** In bytes. */
  initialWindowSize: uint32,
  /** In bytes of channel data. */
  maximumPacketSize: uint32,
  /** What belongs to this channel type. */
  data: rest,
});
export type ChannelOpen = MessageOf<typeof ChannelOpen>;

/** Opens the channel (RFC 4254 section 5.1). */
export const ChannelOpenConfirmation = message(SSH_MSG.CHANNEL_OPEN_CONFIRMATION, 'SSH_MSG_CHANNEL_OPEN_CONFIRMATION', {
  recipientChannel: uint32,
  senderChannel: uint32,
  /** In bytes. */
  initialWindowSize: uint32,
  /** In bytes of channel data. */
  maximumPacketSize: uint32,
  /** What belongs to this channel type; empty for all types in use. */
  data: rest,
});
export type ChannelOpenConfirmation = MessageOf<typeof ChannelOpenConfirmation>;

/** Refuses the channel (RFC 4254 section 5.1). `reasonCode` may be one that `ChannelOpenFailureReason` does not list. */
export const ChannelOpenFailure = message(SSH_MSG.CHANNEL_OPEN_FAILURE, 'SSH_MSG_CHANNEL_OPEN_FAILURE', {
  recipientChannel: uint32,
  reasonCode: uint32,
  description: utf8,
  languageTag: ascii,
});
export type ChannelOpenFailure = MessageOf<typeof ChannelOpenFailure>;
