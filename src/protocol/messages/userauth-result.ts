import { SSH_MSG } from '../../transport/messages/message-number.js';
import { boolean, nameList } from '../../transport/wire/codec.js';
import { message, type MessageOf } from '../../transport/wire/message.js';

/** Refuses a request, or asks for another step (RFC 4252 section 5.1). */
export const UserauthFailure = message(SSH_MSG.USERAUTH_FAILURE, 'SSH_MSG_USERAUTH_FAILURE', {
  /** Methods that may productively continue. */
  authenticationsThatCanContinue: nameList,
  /** True if the request itself was successful but more is needed. */
  partialSuccess: boolean,
});
export type UserauthFailure = MessageOf<typeof UserauthFailure>;

/** The client is signed in (RFC 4252 section 5.1). Sent once, by the server only. */
export const UserauthSuccess = message(SSH_MSG.USERAUTH_SUCCESS, 'SSH_MSG_USERAUTH_SUCCESS', {});
export type UserauthSuccess = MessageOf<typeof UserauthSuccess>;
