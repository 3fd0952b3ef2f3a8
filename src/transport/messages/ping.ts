import { string } from '../wire/codec.js';
import { message, type MessageOf } from '../wire/message.js';
import { SSH_MSG } from './message-number.js';

/** Asks for a {@link Pong} with the same data; only sent to peers that announced `ping@openssh.com` (OpenSSH PROTOCOL). */
export const Ping = message(SSH_MSG.PING, 'SSH_MSG_PING', { data: string });
export type Ping = MessageOf<typeof Ping>;

/** Answers a {@link Ping} with its data (OpenSSH PROTOCOL). */
export const Pong = message(SSH_MSG.PONG, 'SSH_MSG_PONG', { data: string });
export type Pong = MessageOf<typeof Pong>;
