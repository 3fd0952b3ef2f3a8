import { message, type MessageOf } from '../wire/message.js';
import { SSH_MSG } from './message-number.js';

/** The last message under the old keys (RFC 4253 section 7.3). */
export const Newkeys = message(SSH_MSG.NEWKEYS, 'SSH_MSG_NEWKEYS', {});
export type Newkeys = MessageOf<typeof Newkeys>;
