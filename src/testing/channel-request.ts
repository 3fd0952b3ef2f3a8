import { ChannelRequestDetail } from '../protocol/messages/channel-request-detail.js';
import type { TerminalSize } from '../protocol/session-state.js';
import type { SSHChannelRequest } from '../streams/events/ssh-channel-request.js';
import { channelOf, type ChannelOrigin, connectionOf, identityOf } from './request-origin.js';

/** What the builders of {@link channelRequest} can be told besides. */
export interface ChannelRequestOptions extends ChannelOrigin {
  /** Whether the client waits for an answer. Default true; false for window sizes and signals, as the RFC has it. */
  readonly wantReply?: boolean;
}

/** What the builder of a terminal request can be told besides. */
export interface PtyOptions extends ChannelRequestOptions, Partial<TerminalSize> {
  /** The value of `TERM`. Default `xterm-256color`. */
  readonly term?: string;
}

/** No modes: the opcode TTY_OP_END alone (RFC 4254 section 8). */
const NO_MODES = Buffer.of(0);

const build = (detail: ChannelRequestDetail, options: ChannelRequestOptions, wantReply = true): SSHChannelRequest => ({
  type: 'SSHChannelRequest',
  connection: connectionOf(options),
  identity: identityOf(options),
  channel: channelOf(options),
  channelType: 'session',
  requestType: ChannelRequestDetail.nameOf(detail),
  wantReply: options.wantReply ?? wantReply,
  detail,
  data: ChannelRequestDetail.encode(detail),
});

const sizeOf = ({ columns = 80, rows = 24, widthPixels = 0, heightPixels = 0 }: Partial<TerminalSize>) => ({
  columns,
  rows,
  widthPixels,
  heightPixels,
});

/**
 * Builds requests on a session channel as a server would see them (RFC 4254 section 6).
 *
 * @example
 * ```ts
 * const uptime = channelRequest.exec('uptime', { user: 'bob', from: '203.0.113.7' });
 * ```
 */
export const channelRequest = {
  /** Starts a command (RFC 4254 section 6.5). */
  exec: (command: string, options: ChannelRequestOptions = {}): SSHChannelRequest =>
    build({ type: 'exec', command }, options),

  /** Starts the user's shell (RFC 4254 section 6.5). */
  shell: (options: ChannelRequestOptions = {}): SSHChannelRequest => build({ type: 'shell' }, options),

  /** Starts a subsystem such as `sftp` (RFC 4254 section 6.5). */
  subsystem: (subsystemName: string, options: ChannelRequestOptions = {}): SSHChannelRequest =>
    build({ type: 'subsystem', subsystemName }, options),

  /** Sets an environment variable (RFC 4254 section 6.4). */
  env: (variableName: string, variableValue: string, options: ChannelRequestOptions = {}): SSHChannelRequest =>
    build({ type: 'env', variableName, variableValue }, options),

  /** Asks for a terminal, by default of 80 columns and 24 rows (RFC 4254 section 6.2). */
  pty: ({ term = 'xterm-256color', ...options }: PtyOptions = {}): SSHChannelRequest =>
    build({ type: 'pty-req', term, ...sizeOf(options), encodedTerminalModes: NO_MODES }, options),

  /** Tells the terminal's new size (RFC 4254 section 6.7). */
  windowChange: (size: Partial<TerminalSize>, options: ChannelRequestOptions = {}): SSHChannelRequest =>
    build({ type: 'window-change', ...sizeOf(size) }, options, false),

  /** Sends a signal, named without `SIG` (RFC 4254 section 6.9). */
  signal: (signalName: string, options: ChannelRequestOptions = {}): SSHChannelRequest =>
    build({ type: 'signal', signalName }, options, false),

  /** A request of a type that the server does not know; `data` is the type-specific part. */
  other: (requestType: string, data: Uint8Array = new Uint8Array(), options: ChannelRequestOptions = {}) =>
    build({ type: 'other', name: requestType, data: Buffer.from(data) }, options),
} as const;
