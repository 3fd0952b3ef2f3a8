import { SSH_MSG } from '../../transport/messages/message-number.js';
import { string, uint32 } from '../../transport/wire/codec.js';
import { message, type MessageOf } from '../../transport/wire/message.js';

/** Lets the recipient send more (RFC 4254 section 5.2). `readBytesToAdd` is the quick way to read it. */
export const ChannelWindowAdjust = message(SSH_MSG.CHANNEL_WINDOW_ADJUST, 'SSH_MSG_CHANNEL_WINDOW_ADJUST', {
  recipientChannel: uint32,
  bytesToAdd: uint32,
});
export type ChannelWindowAdjust = MessageOf<typeof ChannelWindowAdjust>;

/** Data of a channel (RFC 4254 section 5.2). `readChannelData` is the quick way to read it. */
export const ChannelData = message(SSH_MSG.CHANNEL_DATA, 'SSH_MSG_CHANNEL_DATA', {
  recipientChannel: uint32,
  data: string,
});
export type ChannelData = MessageOf<typeof ChannelData>;

/** Data beside the main stream (RFC 4254 section 5.2). `readChannelExtendedData` is the quick way to read it. */
export const ChannelExtendedData = message(SSH_MSG.CHANNEL_EXTENDED_DATA, 'SSH_MSG_CHANNEL_EXTENDED_DATA', {
  recipientChannel: uint32,
  /** 1, `SSH_EXTENDED_DATA_STDERR`, is the only one defined. */
  dataTypeCode: uint32,
  data: string,
});
export type ChannelExtendedData = MessageOf<typeof ChannelExtendedData>;
