import { string, utf8 } from '../../transport/wire/codec.js';
import { repeated } from '../../transport/wire/repeated.js';
import { struct } from '../../transport/wire/struct.js';
import { tailFamily, type RawTail } from '../../transport/wire/tail-family.js';
import { port } from './port.js';

/** Asks the server to listen on a TCP port, or to stop (RFC 4254 section 7.1). */
export interface TcpipForwardDetail {
  readonly type: 'tcpip-forward' | 'cancel-tcpip-forward';
  /** Address to bind: empty for all, `localhost` for loopback in both families, or an address. */
  readonly addressToBind: string;
  /** 0 to 65,535. With `tcpip-forward`, 0 lets the server choose and report its choice. */
  readonly portToBind: number;
}

/** Asks the server to listen on a Unix socket, or to stop (OpenSSH PROTOCOL, section 2.4). */
export interface StreamlocalForwardDetail {
  readonly type: 'streamlocal-forward@openssh.com' | 'cancel-streamlocal-forward@openssh.com';
  readonly socketPath: string;
}

/** The server shows all its host keys, or the client asks for proof of some (OpenSSH PROTOCOL, section 2.5). */
export interface HostkeysDetail {
  readonly type: 'hostkeys-00@openssh.com' | 'hostkeys-prove-00@openssh.com';
  /** Public key blobs. */
  readonly hostKeys: readonly Buffer[];
}

/** The client will open no more sessions, or wants to hear that the peer is alive (OpenSSH PROTOCOL, section 2.2). */
export interface BareGlobalDetail {
  readonly type: 'no-more-sessions@openssh.com' | 'keepalive@openssh.com';
}

/** @inline */
type KnownDetail = TcpipForwardDetail | StreamlocalForwardDetail | HostkeysDetail | BareGlobalDetail;

/** What SSH_MSG_GLOBAL_REQUEST carries behind its name; raw where the name or its form is unknown. */
export type GlobalRequestDetail = KnownDetail | RawTail;

/** A server has a handful of host keys. */
const MAX_HOST_KEYS = 64;

const bind = struct({ addressToBind: utf8, portToBind: port });
const socket = struct({ socketPath: utf8 });
const hostKeys = struct({ hostKeys: repeated(string, MAX_HOST_KEYS) });
const bare = struct({});

/**
 * Codec of {@link GlobalRequestDetail}.
 *
 * @hidden not published: the package exports the type alone
 */
export const GlobalRequestDetail = tailFamily<KnownDetail>({
  'tcpip-forward': bind,
  'cancel-tcpip-forward': bind,
  'streamlocal-forward@openssh.com': socket,
  'cancel-streamlocal-forward@openssh.com': socket,
  'hostkeys-00@openssh.com': hostKeys,
  'hostkeys-prove-00@openssh.com': hostKeys,
  'no-more-sessions@openssh.com': bare,
  'keepalive@openssh.com': bare,
});
