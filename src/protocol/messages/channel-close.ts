import { SSH_MSG } from '../../transport/messages/message-number.js';
import { uint32 } from '../../transport/wire/codec.js';
import { message, type MessageOf } from '../../transport/wire/message.js';

/** The sender has no more data; the other direction stays open (RFC 4254 section 5.3). */
export const ChannelEof = message(SSH_MSG.CHANNEL_EOF, 'SSH_MSG_CHANNEL_EOF', { recipientChannel: uint32 });
export type ChannelEof = MessageOf<typeof ChannelEof>;

/** Ends the channel; it is gone once both sides have sent this (RFC 4254 section 5.3). */
export const ChannelClose = message(SSH_MSG.CHANNEL_CLOSE, 'SSH_MSG_CHANNEL_CLOSE', { recipientChannel: uint32 });
export type ChannelClose = MessageOf<typeof ChannelClose>;
