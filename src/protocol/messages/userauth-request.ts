import { SSH_MSG } from '../../transport/messages/message-number.js';
import { ascii, utf8 } from '../../transport/wire/codec.js';
import { message, type MessageOf } from '../../transport/wire/message.js';
import { tagged } from '../../transport/wire/tagged.js';
import { UserauthMethod } from './userauth-method.js';

/** Asks to sign in (RFC 4252 section 5). */
export const UserauthRequest = message(SSH_MSG.USERAUTH_REQUEST, 'SSH_MSG_USERAUTH_REQUEST', {
  userName: utf8,
  /** The service to start after success: `ssh-connection`. */
  serviceName: ascii,
  /** The method's name is its `type`. */
  method: tagged(UserauthMethod),
});
export type UserauthRequest = MessageOf<typeof UserauthRequest>;
