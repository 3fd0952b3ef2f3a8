import type { NegotiatedAlgorithms, TransportEnd } from '../transport/transport-listener.js';
import type { AuthAttempt, AuthOutcome } from './authentication/auth-attempt.js';
import type { SshChannel } from './channels/ssh-channel.js';
import type { ChannelOpenDetail } from './messages/channel-open-detail.js';
import type { ChannelOpenFailureReasonName } from './messages/channel-open-failure-reason.js';
import type { ChannelRequestDetail } from './messages/channel-request-detail.js';
import type { GlobalRequestDetail } from './messages/global-request-detail.js';

/** A channel that the peer asks for. */
export interface ChannelOpenQuestion {
  readonly channelType: string;
  readonly detail: ChannelOpenDetail;
  readonly data: Buffer;
}

/** A channel, or a request of a channel, that may be. */
export interface Accepted {
  readonly granted: true;
  /** Runs once it has come to pass and the peer has been told, unless the channel is closing by then. */
  readonly accepted?: () => void;
  /** Serves the channel; runs behind {@link accepted}, unless the channel is closing by then. */
  readonly serve?: () => void;
}

/** The answer to a {@link ChannelOpenQuestion}. */
export type ChannelOpenAnswer = Accepted | { readonly granted: false; readonly reason: ChannelOpenFailureReasonName };

/** Something the peer asks of a channel. */
export interface ChannelRequestQuestion {
  readonly requestType: string;
  readonly wantReply: boolean;
  readonly detail: ChannelRequestDetail;
  readonly data: Buffer;
}

/** The answer to a {@link ChannelRequestQuestion}. */
export type ChannelRequestAnswer =
  | (Accepted & { /** What is done in place of what was asked. */ readonly instead?: ChannelRequestQuestion })
  | { readonly granted: false };

/** Something the peer asks of the connection. */
export interface GlobalRequestQuestion {
  readonly requestType: string;
  readonly wantReply: boolean;
  readonly detail: GlobalRequestDetail;
  readonly data: Buffer;
}

/** The answer to a {@link GlobalRequestQuestion}. */
export type GlobalRequestAnswer =
  | { readonly granted: true; /** The request-specific part of the reply. */ readonly data?: Buffer }
  | { readonly granted: false };

/**
 * Decides what the protocol asks and is told what happens. The protocol has no opinions of its own.
 *
 * Answers may come later; each counts once, and none after {@link onEnd}. Methods must not throw.
 */
export interface ConnectionAuthority {
  decideService(service: string, answer: (granted: boolean) => void): void;
  decideAuth(attempt: AuthAttempt, answer: (outcome: AuthOutcome) => void): void;
  decideChannelOpen(channel: SshChannel, question: ChannelOpenQuestion, answer: (it: ChannelOpenAnswer) => void): void;
  decideChannelRequest(
    channel: SshChannel,
    question: ChannelRequestQuestion,
    answer: (it: ChannelRequestAnswer) => void,
  ): void;
  decideGlobalRequest(question: GlobalRequestQuestion, answer: (it: GlobalRequestAnswer) => void): void;

  /** The authentication methods to name in a failure, for a user who has not got in yet. */
  readonly authMethods: readonly string[];
  /** Signature algorithms accepted from users who sign in with a key; undefined for all that are known. */
  readonly publicKeySignatures?: readonly string[] | undefined;

  onIdentification(line: string): void;
  /** Keys will be exchanged again. */
  onKeyExchangeBegun(by: 'client' | 'server', ordinal: number): void;
  onAlgorithmsNegotiated(algorithms: NegotiatedAlgorithms, ordinal: number): void;
  /** A packet; told only if the transport traces them. */
  onPacket(direction: 'in' | 'out', number: number, length: number): void;
  onKeysExchanged(algorithms: NegotiatedAlgorithms, ordinal: number): void;
  onAuthenticated(): void;
  onChannelOpened(channel: SshChannel): void;
  onChannelRequested(channel: SshChannel, question: ChannelRequestQuestion): void;
  onChannelData(channel: SshChannel, data: Buffer, dataType: number): void;
  /** `length` payload bytes have left for the peer. Once per packet, so a number and no object. */
  onChannelSent(channel: SshChannel, length: number): void;
  onChannelEof(channel: SshChannel): void;
  onChannelReadyToSend(channel: SshChannel): void;
  onChannelClosed(channel: SshChannel): void;
  onEnd(end: TransportEnd): void;
}
