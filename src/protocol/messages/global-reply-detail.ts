import { string } from '../../transport/wire/codec.js';
import { repeated } from '../../transport/wire/repeated.js';
import { struct } from '../../transport/wire/struct.js';
import { tailFamily, type RawTail } from '../../transport/wire/tail-family.js';
import { port } from './port.js';

/** The port that the server chose. Only sent if `tcpip-forward` asked for port 0 (RFC 4254 section 7.1). */
export interface TcpipForwardReply {
  readonly type: 'tcpip-forward';
  readonly boundPort: number;
}

/** One signature for each key that was asked for, in the same order (OpenSSH PROTOCOL, section 2.5). */
export interface HostkeysProveReply {
  readonly type: 'hostkeys-prove-00@openssh.com';
  /** Signature blobs. */
  readonly signatures: readonly Buffer[];
}

type KnownReply = TcpipForwardReply | HostkeysProveReply;

/** What SSH_MSG_REQUEST_SUCCESS carries, by the name of the request that it answers. Other names carry nothing. */
export type GlobalReplyDetail = KnownReply | RawTail;

const MAX_SIGNATURES = 64;

/** Codec of {@link GlobalReplyDetail}. */
export const GlobalReplyDetail = tailFamily<KnownReply>({
  'tcpip-forward': struct({ boundPort: port }),
  'hostkeys-prove-00@openssh.com': struct({ signatures: repeated(string, MAX_SIGNATURES) }),
});
