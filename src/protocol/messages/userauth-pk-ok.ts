import { SSH_MSG } from '../../transport/messages/message-number.js';
import { ascii, string } from '../../transport/wire/codec.js';
import { message, type MessageOf } from '../../transport/wire/message.js';

/** The key would do: sign with it (RFC 4252 section 7). Number 60 means this while the method is `publickey`. */
export const UserauthPkOk = message(SSH_MSG.USERAUTH_PK_OK, 'SSH_MSG_USERAUTH_PK_OK', {
  publicKeyAlgorithm: ascii,
  publicKey: string,
});
export type UserauthPkOk = MessageOf<typeof UserauthPkOk>;
