import { message, type MessageOf } from '../wire/message.js';
import { SSH_MSG } from './message-number.js';

/** Starts the compression agreed on by the extension `delay-compression` (RFC 8308 section 3.2). */
export const Newcompress = message(SSH_MSG.NEWCOMPRESS, 'SSH_MSG_NEWCOMPRESS', {});
export type Newcompress = MessageOf<typeof Newcompress>;
