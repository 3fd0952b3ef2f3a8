import { ascii, boolean, utf8 } from '../wire/codec.js';
import { message, type MessageOf } from '../wire/message.js';
import { SSH_MSG } from './message-number.js';

/** Text for whoever debugs the peer (RFC 4253 section 11.3). Its field `message` is untrusted: quote it in logs. */
export const Debug = message(SSH_MSG.DEBUG, 'SSH_MSG_DEBUG', {
  alwaysDisplay: boolean,
  message: utf8,
  languageTag: ascii,
});
export type Debug = MessageOf<typeof Debug>;
