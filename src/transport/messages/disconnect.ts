import { ascii, uint32, utf8 } from '../wire/codec.js';
import { message, type MessageOf } from '../wire/message.js';
import { SSH_MSG } from './message-number.js';

/** Ends the connection (RFC 4253 section 11.1). `reasonCode` may be one that `DisconnectReason` does not list. */
export const Disconnect = message(SSH_MSG.DISCONNECT, 'SSH_MSG_DISCONNECT', {
  reasonCode: uint32,
  description: utf8,
  languageTag: ascii,
});
export type Disconnect = MessageOf<typeof Disconnect>;
