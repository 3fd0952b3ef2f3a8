import { SSH_MSG } from '../../transport/messages/message-number.js';
import { ascii, utf8 } from '../../transport/wire/codec.js';
import { message, type MessageOf } from '../../transport/wire/message.js';

/** Asks for a new password (RFC 4252 section 8). Number 60 means this while the method is `password`. */
export const UserauthPasswdChangereq = message(SSH_MSG.USERAUTH_PASSWD_CHANGEREQ, 'SSH_MSG_USERAUTH_PASSWD_CHANGEREQ', {
  prompt: utf8,
  languageTag: ascii,
});
export type UserauthPasswdChangereq = MessageOf<typeof UserauthPasswdChangereq>;
