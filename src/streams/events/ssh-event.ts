import type { Connected } from './connected.js';
import type { Decided } from './decided.js';
import type { Disconnected } from './disconnected.js';
import type { ErrorEvent } from './error.js';
import type { Log } from './log.js';
import type { ShadowDecided } from './shadow-decided.js';
import type { SSHChannelClosed } from './ssh-channel-closed.js';
import type { SSHChannelDataIn } from './ssh-channel-data-in.js';
import type { SSHChannelEOF } from './ssh-channel-eof.js';
import type { SSHChannelOpened } from './ssh-channel-opened.js';
import type { SSHChannelReadyToSend } from './ssh-channel-ready-to-send.js';
import type { SSHChannelRequested } from './ssh-channel-requested.js';
import { SSH_REQUEST_TYPES, type SshRequests, type SshRequestType } from './ssh-request.js';
import type { SSHStatus } from './ssh-status.js';

/** Every event of a server by its name: the requests, and the notices that nobody waits on. */
export interface SshEvents extends SshRequests {
  readonly Connected: Connected;
  readonly Disconnected: Disconnected;
  readonly Error: ErrorEvent;
  readonly Log: Log;
  readonly SSHStatus: SSHStatus;
  readonly SSHChannelOpened: SSHChannelOpened;
  readonly SSHChannelClosed: SSHChannelClosed;
  readonly SSHChannelDataIn: SSHChannelDataIn;
  readonly SSHChannelEOF: SSHChannelEOF;
  readonly SSHChannelReadyToSend: SSHChannelReadyToSend;
  readonly SSHChannelRequested: SSHChannelRequested;
  readonly Decided: Decided;
  readonly ShadowDecided: ShadowDecided;
}

/** The name of an event. */
export type SshEventType = keyof SshEvents;

/** Any event of a server. */
export type SshEvent = SshEvents[SshEventType];

/** The notices' names as values, to check what an application asked for. `satisfies` keeps the list complete. */
const NOTICES = {
  Connected: true,
  Disconnected: true,
  Error: true,
  Log: true,
  SSHStatus: true,
  SSHChannelOpened: true,
  SSHChannelClosed: true,
  SSHChannelDataIn: true,
  SSHChannelEOF: true,
  SSHChannelReadyToSend: true,
  SSHChannelRequested: true,
  Decided: true,
  ShadowDecided: true,
} as const satisfies Record<Exclude<SshEventType, SshRequestType>, true>;

/** Every event name: the requests, then the notices. */
export const SSH_EVENT_TYPES: readonly SshEventType[] = [
  ...SSH_REQUEST_TYPES,
  // Object.keys widens to string; the literal above has exactly these keys.
  ...(Object.keys(NOTICES) as (keyof typeof NOTICES)[]),
];
