import { SSH_MSG } from '../../transport/messages/message-number.js';
import { ascii, utf8 } from '../../transport/wire/codec.js';
import { message, type MessageOf } from '../../transport/wire/message.js';

/** Text to show before the sign-in (RFC 4252 section 5.4). Lines end in CR LF. */
export const UserauthBanner = message(SSH_MSG.USERAUTH_BANNER, 'SSH_MSG_USERAUTH_BANNER', {
  message: utf8,
  languageTag: ascii,
});
export type UserauthBanner = MessageOf<typeof UserauthBanner>;
