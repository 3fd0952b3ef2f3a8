import { string } from '../wire/codec.js';
import { message, type MessageOf } from '../wire/message.js';
import { SSH_MSG } from './message-number.js';

/**
 * The client's ephemeral key (RFC 4253 section 8; SSH_MSG_KEX_ECDH_INIT of RFC 5656 section 4 has the same form).
 *
 * An mpint `e` for the Diffie-Hellman groups, a string for curves and hybrids. Both have the same frame, so the field
 * holds what is inside it.
 */
export const KexdhInit = message(SSH_MSG.KEXDH_INIT, 'SSH_MSG_KEXDH_INIT', { clientEphemeralKey: string });
export type KexdhInit = MessageOf<typeof KexdhInit>;

/** The server's host key, its ephemeral key and the signature of the exchange hash (RFC 4253 section 8, RFC 5656). */
export const KexdhReply = message(SSH_MSG.KEXDH_REPLY, 'SSH_MSG_KEXDH_REPLY', {
  /** Public key blob `K_S` (RFC 4253 section 6.6). */
  serverHostKey: string,
  /** `f` or `Q_S`, in the frame of {@link KexdhInit}. */
  serverEphemeralKey: string,
  /** Signature blob: algorithm name and signature. */
  signature: string,
});
export type KexdhReply = MessageOf<typeof KexdhReply>;
