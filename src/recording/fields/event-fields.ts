import { SshServerError, type SshServerErrorCode } from '../../errors.js';
import type { Connected } from '../../streams/events/connected.js';
import type { Disconnected } from '../../streams/events/disconnected.js';
import type { ErrorEvent } from '../../streams/events/error.js';
import type { Log } from '../../streams/events/log.js';
import type { ChannelExit, SSHChannelClosed } from '../../streams/events/ssh-channel-closed.js';
import type { SSHChannelDataIn } from '../../streams/events/ssh-channel-data-in.js';
import type { SSHChannelEOF } from '../../streams/events/ssh-channel-eof.js';
import type { SSHChannelOpened } from '../../streams/events/ssh-channel-opened.js';
import type { SSHChannelReadyToSend } from '../../streams/events/ssh-channel-ready-to-send.js';
import type { SshEvent, SshEvents } from '../../streams/events/ssh-event.js';
import type { SSHStatus } from '../../streams/events/ssh-status.js';
import type { Revocation } from '../../streams/revocation.js';
import { DisconnectReason, type DisconnectReasonName } from '../../transport/messages/disconnect-reason.js';
import { connection, idOfChannel } from './connection-fields.js';
import { decided, shadowDecided } from './decided-fields.js';
import type { FieldCodec } from './field-codec.js';
import { FieldError } from './field-error.js';
import { identity } from './identity-fields.js';
import { logStep } from './log-step-fields.js';
import { finite, natural, oneOf, text } from './plain-fields.js';
import { redactedBytes } from './redacted.js';
import { channelRequested, requestFields } from './request-fields.js';
import { optional, struct } from './struct.js';
import { variant } from './variant.js';

const ERROR_CODE = /^ERR_SSH_[A-Z_]+$/;

/** `Object.keys` widens to string; these are exactly the names. */
const reasonNames = Object.keys(DisconnectReason) as DisconnectReasonName[];

const errorCode: FieldCodec<SshServerErrorCode> = {
  write: (value) => JSON.stringify(value),
  read: (json, path) => {
    // Later versions have more codes, and whoever matches on codes expects that.
    if (typeof json === 'string' && ERROR_CODE.test(json)) return json as SshServerErrorCode;
    throw new FieldError(path, 'must be the code of an error', json);
  },
};

const plainError = struct<Pick<SshServerError, 'code' | 'message'>>({ code: errorCode, message: text });

/** An error by its code and message. Its stack names files of this machine, and its cause may be anything. */
const error: FieldCodec<SshServerError> = {
  write: (value, memory) => plainError.write(value, memory),
  read: (json, path, memory) => {
    const { code, message } = plainError.read(json, path, memory);
    return new SshServerError(code, message);
  },
};

const revoked = optional(struct<Revocation>({ by: text, message: text }));

const exit = variant<ChannelExit>((value) => ['status', 'signal'].find((name) => name in value), {
  status: struct<Extract<ChannelExit, { readonly status: number }>>({ status: finite }),
  signal: struct<Extract<ChannelExit, { readonly signal: string }>>({ signal: text }),
});

/** How each event is written. An event that is new does not compile until somebody has thought of its secrets. */
const eventFields: { readonly [Type in keyof SshEvents]: FieldCodec<SshEvents[Type]> } = {
  ...requestFields,
  Connected: struct<Connected>({ type: oneOf('Connected'), connection }),
  Disconnected: struct<Disconnected>({
    type: oneOf('Disconnected'),
    connection,
    identity: optional(identity),
    by: oneOf('peer', 'server', 'network'),
    reason: optional(oneOf(...reasonNames)),
    description: text,
    revoked,
    bytesReceived: natural,
    bytesSent: natural,
  }),
  Error: struct<ErrorEvent>({
    type: oneOf('Error'),
    connection: optional(connection),
    channel: optional(idOfChannel),
    error,
    source: optional(text),
  }),
  Log: struct<Log>({
    type: oneOf('Log'),
    connection,
    level: oneOf(1, 2, 3),
    message: text,
    step: optional(logStep),
  }),
  SSHStatus: struct<SSHStatus>({ type: oneOf('SSHStatus'), connection, message: text, step: optional(logStep) }),
  SSHChannelOpened: struct<SSHChannelOpened>({
    type: oneOf('SSHChannelOpened'),
    connection,
    channel: idOfChannel,
    channelType: text,
  }),
  SSHChannelClosed: struct<SSHChannelClosed>({
    type: oneOf('SSHChannelClosed'),
    connection,
    channel: idOfChannel,
    channelType: text,
    exit: optional(exit),
    revoked,
    bytesReceived: natural,
    bytesSent: natural,
  }),
  SSHChannelDataIn: struct<SSHChannelDataIn>({
    type: oneOf('SSHChannelDataIn'),
    connection,
    channel: idOfChannel,
    // Never the bytes: what users type at prompts are their passwords.
    data: redactedBytes,
    dataType: natural,
  }),
  SSHChannelEOF: struct<SSHChannelEOF>({ type: oneOf('SSHChannelEOF'), connection, channel: idOfChannel }),
  SSHChannelReadyToSend: struct<SSHChannelReadyToSend>({
    type: oneOf('SSHChannelReadyToSend'),
    connection,
    channel: idOfChannel,
  }),
  SSHChannelRequested: channelRequested,
  Decided: decided,
  ShadowDecided: shadowDecided,
};

/** Any event of a server. */
export const anyEvent = variant<SshEvent>(({ type }) => type, eventFields);
