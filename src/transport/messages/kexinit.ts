import { boolean, nameList, uint32 } from '../wire/codec.js';
import { fixed } from '../wire/fixed.js';
import { message, type MessageOf } from '../wire/message.js';
import { SSH_MSG } from './message-number.js';

/**
 * Proposes algorithms, best first (RFC 4253 section 7.1).
 *
 * The exchange hash covers the payload as sent: keep those bytes, for an encoding of the decoded message may differ
 * where the peer was sloppy.
 */
export const Kexinit = message(SSH_MSG.KEXINIT, 'SSH_MSG_KEXINIT', {
  /** 16 random bytes. */
  cookie: fixed(16),
  kexAlgorithms: nameList,
  serverHostKeyAlgorithms: nameList,
  encryptionAlgorithmsClientToServer: nameList,
  encryptionAlgorithmsServerToClient: nameList,
  macAlgorithmsClientToServer: nameList,
  macAlgorithmsServerToClient: nameList,
  compressionAlgorithmsClientToServer: nameList,
  compressionAlgorithmsServerToClient: nameList,
  languagesClientToServer: nameList,
  languagesServerToClient: nameList,
  firstKexPacketFollows: boolean,
  /** 0, for future extension. */
  reserved: uint32,
});
export type Kexinit = MessageOf<typeof Kexinit>;
