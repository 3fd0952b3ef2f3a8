import { ascii, boolean, string, uint32, utf8 } from '../../transport/wire/codec.js';
import { struct } from '../../transport/wire/struct.js';
import { tailFamily, type RawTail } from '../../transport/wire/tail-family.js';

interface TerminalSize {
  /** Width in characters; 0 if unknown. Counts before `widthPixels`. */
  readonly columns: number;
  /** Height in characters; 0 if unknown. Counts before `heightPixels`. */
  readonly rows: number;
  /** Width in pixels; 0 if unknown. */
  readonly widthPixels: number;
  /** Height in pixels; 0 if unknown. */
  readonly heightPixels: number;
}

/** Asks for a terminal (RFC 4254 section 6.2). */
export interface PtyReqDetail extends TerminalSize {
  readonly type: 'pty-req';
  /** Value for the environment variable TERM. */
  readonly term: string;
  /** For `decodeTerminalModes`. */
  readonly encodedTerminalModes: Buffer;
}

/** Asks for X11 forwarding (RFC 4254 section 6.3.1). */
export interface X11ReqDetail {
  readonly type: 'x11-req';
  /** True if only one connection is to be forwarded. */
  readonly singleConnection: boolean;
  /** Such as `MIT-MAGIC-COOKIE-1`. */
  readonly authenticationProtocol: string;
  /** Hexadecimal. Made up by the client in place of its real one. */
  readonly authenticationCookie: string;
  readonly screenNumber: number;
}

/** Sets an environment variable for what is started later (RFC 4254 section 6.4). */
export interface EnvDetail {
  readonly type: 'env';
  /** Any text; bytes that are not UTF-8 are escaped (see `decodeUtf8`, also for `encodeUtf8`, the way back). */
  readonly variableName: string;
  /** Any text, as in `variableName`. */
  readonly variableValue: string;
}

/** Starts a command (RFC 4254 section 6.5). */
export interface ExecDetail {
  readonly type: 'exec';
  /** One line for a shell; bytes that are not UTF-8 are escaped (see `decodeUtf8`, and `encodeUtf8` for the way back). */
  readonly command: string;
}

/** Starts a subsystem such as `sftp` (RFC 4254 section 6.5). */
export interface SubsystemDetail {
  readonly type: 'subsystem';
  readonly subsystemName: string;
}

/** The client's window has another size (RFC 4254 section 6.7). */
export interface WindowChangeDetail extends TerminalSize {
  readonly type: 'window-change';
}

/** Tells the client whether it may handle control-S and control-Q itself (RFC 4254 section 6.8). */
export interface XonXoffDetail {
  readonly type: 'xon-xoff';
  readonly clientCanDo: boolean;
}

/** Delivers a signal to the program (RFC 4254 section 6.9). */
export interface SignalDetail {
  readonly type: 'signal';
  /** Without `SIG`. RFC 4254 section 6.10 lists thirteen; others carry an at-sign or are simply sent. */
  readonly signalName: string;
}

/** The program ended by itself (RFC 4254 section 6.10). */
export interface ExitStatusDetail {
  readonly type: 'exit-status';
  readonly exitStatus: number;
}

/** The program was ended by a signal (RFC 4254 section 6.10). */
export interface ExitSignalDetail {
  readonly type: 'exit-signal';
  /** Without `SIG`. */
  readonly signalName: string;
  readonly coreDumped: boolean;
  readonly errorMessage: string;
  readonly languageTag: string;
}

/** A BREAK on a serial line (RFC 4335 section 3). */
export interface BreakDetail {
  readonly type: 'break';
  /** In milliseconds; 0 asks for the default. */
  readonly breakLength: number;
}

/**
 * A request whose name says it all: `shell` (RFC 4254 section 6.5), agent forwarding, end of reading (both OpenSSH
 * PROTOCOL), a sign of life.
 */
export interface BareRequestDetail {
  readonly type: 'shell' | 'auth-agent-req@openssh.com' | 'eow@openssh.com' | 'keepalive@openssh.com';
}

/** @inline */
type KnownDetail =
  | PtyReqDetail
  | X11ReqDetail
  | EnvDetail
  | ExecDetail
  | SubsystemDetail
  | WindowChangeDetail
  | XonXoffDetail
  | SignalDetail
  | ExitStatusDetail
  | ExitSignalDetail
  | BreakDetail
  | BareRequestDetail;

/** What SSH_MSG_CHANNEL_REQUEST carries behind its fixed fields; raw where the request type or its form is unknown. */
export type ChannelRequestDetail = KnownDetail | RawTail;

const bare = struct({});
const size = { columns: uint32, rows: uint32, widthPixels: uint32, heightPixels: uint32 };

/**
 * Codec of {@link ChannelRequestDetail}.
 *
 * @hidden not published: the package exports the type alone
 */
export const ChannelRequestDetail = tailFamily<KnownDetail>({
  'pty-req': struct({ term: utf8, ...size, encodedTerminalModes: string }),
  'x11-req': struct({
    singleConnection: boolean,
    authenticationProtocol: utf8,
    authenticationCookie: utf8,
    screenNumber: uint32,
  }),
  env: struct({ variableName: utf8, variableValue: utf8 }),
  shell: bare,
  exec: struct({ command: utf8 }),
  subsystem: struct({ subsystemName: utf8 }),
  'window-change': struct(size),
  'xon-xoff': struct({ clientCanDo: boolean }),
  signal: struct({ signalName: ascii }),
  'exit-status': struct({ exitStatus: uint32 }),
  'exit-signal': struct({ signalName: ascii, coreDumped: boolean, errorMessage: utf8, languageTag: ascii }),
  break: struct({ breakLength: uint32 }),
  'auth-agent-req@openssh.com': bare,
  'eow@openssh.com': bare,
  'keepalive@openssh.com': bare,
});
