import { SSH_MSG } from '../../transport/messages/message-number.js';
import { ascii, boolean, utf8 } from '../../transport/wire/codec.js';
import { list } from '../../transport/wire/list.js';
import { message, type MessageOf } from '../../transport/wire/message.js';
import { struct } from '../../transport/wire/struct.js';

/** OpenSSH's bound on answers; nobody fills in a hundred fields. */
const MAX_PROMPTS = 100;

/** Questions to the user (RFC 4256 section 3.2). Number 60 means this while the method is `keyboard-interactive`. */
export const UserauthInfoRequest = message(SSH_MSG.USERAUTH_INFO_REQUEST, 'SSH_MSG_USERAUTH_INFO_REQUEST', {
  name: utf8,
  instruction: utf8,
  /** Deprecated by the RFC, best left empty. */
  languageTag: ascii,
  /** At most 100. `echo` is false for what should not be seen on the screen. */
  prompts: list(struct({ prompt: utf8, echo: boolean }), MAX_PROMPTS),
});
export type UserauthInfoRequest = MessageOf<typeof UserauthInfoRequest>;

/** The answers, in the order of the questions (RFC 4256 section 3.4). Secret: never log them. */
export const UserauthInfoResponse = message(SSH_MSG.USERAUTH_INFO_RESPONSE, 'SSH_MSG_USERAUTH_INFO_RESPONSE', {
  responses: list(utf8, MAX_PROMPTS),
});
export type UserauthInfoResponse = MessageOf<typeof UserauthInfoResponse>;
