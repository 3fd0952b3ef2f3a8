import { string, uint32, utf8 } from '../../transport/wire/codec.js';
import { struct } from '../../transport/wire/struct.js';
import { tailFamily, type RawTail } from '../../transport/wire/tail-family.js';
import { port } from './port.js';

/** A session (RFC 4254 section 6.1), or the way to the client's agent (OpenSSH PROTOCOL.agent). */
export interface BareOpenDetail {
  readonly type: 'session' | 'auth-agent@openssh.com';
}

/** An X11 client connected to the server (RFC 4254 section 6.3.2). */
export interface X11OpenDetail {
  readonly type: 'x11';
  readonly originatorAddress: string;
  /** Informative, and not bound to 65,535: some peers have no port to tell. */
  readonly originatorPort: number;
}

/** Somebody connected to a port that the client asked the server to listen on (RFC 4254 section 7.2). */
export interface ForwardedTcpipOpenDetail {
  readonly type: 'forwarded-tcpip';
  /** As the client named it in `tcpip-forward`. */
  readonly connectedAddress: string;
  readonly connectedPort: number;
  readonly originatorAddress: string;
  /** Informative, as in {@link X11OpenDetail}. */
  readonly originatorPort: number;
}

/** The client asks the server to connect to a host (RFC 4254 section 7.2). */
export interface DirectTcpipOpenDetail {
  readonly type: 'direct-tcpip';
  /** Host name or address, unverified. */
  readonly hostToConnect: string;
  /** 0 to 65,535. */
  readonly portToConnect: number;
  /** What the client says of the one who asked it; not to be trusted. */
  readonly originatorAddress: string;
  /** Informative, as in {@link X11OpenDetail}. */
  readonly originatorPort: number;
}

/** The client asks the server to connect to a Unix socket (OpenSSH PROTOCOL, section 2.4). */
export interface DirectStreamlocalOpenDetail {
  readonly type: 'direct-streamlocal@openssh.com';
  readonly socketPath: string;
  /** For future use; senders leave it empty. */
  readonly reserved: Buffer;
  /** For future use; senders write 0. */
  readonly reservedNumber: number;
}

/** Somebody connected to a Unix socket that the client asked the server to listen on (OpenSSH PROTOCOL, section 2.4). */
export interface ForwardedStreamlocalOpenDetail {
  readonly type: 'forwarded-streamlocal@openssh.com';
  /** As the client named it in `streamlocal-forward@openssh.com`. */
  readonly socketPath: string;
  /** For future use; senders leave it empty. */
  readonly reserved: Buffer;
}

/** @inline */
type KnownDetail =
  | BareOpenDetail
  | X11OpenDetail
  | ForwardedTcpipOpenDetail
  | DirectTcpipOpenDetail
  | DirectStreamlocalOpenDetail
  | ForwardedStreamlocalOpenDetail;

/** What SSH_MSG_CHANNEL_OPEN carries behind its fixed fields; raw where the channel type or its form is unknown. */
export type ChannelOpenDetail = KnownDetail | RawTail;

const bare = struct({});
const originator = { originatorAddress: utf8, originatorPort: uint32 };

/**
 * Codec of {@link ChannelOpenDetail}.
 *
 * @hidden not published: the package exports the type alone
 */
export const ChannelOpenDetail = tailFamily<KnownDetail>({
  session: bare,
  'auth-agent@openssh.com': bare,
  x11: struct(originator),
  'forwarded-tcpip': struct({ connectedAddress: utf8, connectedPort: port, ...originator }),
  'direct-tcpip': struct({ hostToConnect: utf8, portToConnect: port, ...originator }),
  'direct-streamlocal@openssh.com': struct({ socketPath: utf8, reserved: string, reservedNumber: uint32 }),
  'forwarded-streamlocal@openssh.com': struct({ socketPath: utf8, reserved: string }),
});
