import { string } from '../wire/codec.js';
import { message, type MessageOf } from '../wire/message.js';
import { SSH_MSG } from './message-number.js';

/** Data without meaning, against traffic analysis (RFC 4253 section 11.2). */
export const Ignore = message(SSH_MSG.IGNORE, 'SSH_MSG_IGNORE', { data: string });
export type Ignore = MessageOf<typeof Ignore>;
