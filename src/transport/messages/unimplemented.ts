import { uint32 } from '../wire/codec.js';
import { message, type MessageOf } from '../wire/message.js';
import { SSH_MSG } from './message-number.js';

/** Answers a message of unknown number (RFC 4253 section 11.4). */
export const Unimplemented = message(SSH_MSG.UNIMPLEMENTED, 'SSH_MSG_UNIMPLEMENTED', {
  /** Of the packet that was not understood, counted from 0 in each direction. */
  packetSequenceNumber: uint32,
});
export type Unimplemented = MessageOf<typeof Unimplemented>;
