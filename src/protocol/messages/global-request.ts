import { SSH_MSG } from '../../transport/messages/message-number.js';
import { ascii, boolean, rest } from '../../transport/wire/codec.js';
import { message, type MessageOf } from '../../transport/wire/message.js';

/** Asks something of the connection as a whole (RFC 4254 section 4). `GlobalRequestDetail` reads `data`. */
export const GlobalRequest = message(SSH_MSG.GLOBAL_REQUEST, 'SSH_MSG_GLOBAL_REQUEST', {
  requestName: ascii,
  wantReply: boolean,
  /** What belongs to this name. */
  data: rest,
});
export type GlobalRequest = MessageOf<typeof GlobalRequest>;

/** Grants the oldest {@link GlobalRequest} not yet answered (RFC 4254 section 4). */
export const RequestSuccess = message(SSH_MSG.REQUEST_SUCCESS, 'SSH_MSG_REQUEST_SUCCESS', {
  /** What the request asked for; empty for most names. */
  data: rest,
});
export type RequestSuccess = MessageOf<typeof RequestSuccess>;

/** Refuses the oldest {@link GlobalRequest} not yet answered (RFC 4254 section 4). */
export const RequestFailure = message(SSH_MSG.REQUEST_FAILURE, 'SSH_MSG_REQUEST_FAILURE', {});
export type RequestFailure = MessageOf<typeof RequestFailure>;
