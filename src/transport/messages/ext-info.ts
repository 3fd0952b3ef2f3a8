import { ascii, string } from '../wire/codec.js';
import { list } from '../wire/list.js';
import { message, type MessageOf } from '../wire/message.js';
import { struct } from '../wire/struct.js';
import { SSH_MSG } from './message-number.js';

/** OpenSSH's bound too. Four are in use. */
const MAX_EXTENSIONS = 1024;

/** Announces extensions such as `server-sig-algs` (RFC 8308 section 2.3). Values may be binary, so they are bytes. */
export const ExtInfo = message(SSH_MSG.EXT_INFO, 'SSH_MSG_EXT_INFO', {
  extensions: list(struct({ extensionName: ascii, extensionValue: string }), MAX_EXTENSIONS),
});
export type ExtInfo = MessageOf<typeof ExtInfo>;
