import type { DisconnectReasonName } from '../../transport/messages/disconnect-reason.js';
import type { NegotiatedAlgorithms } from '../../transport/transport-listener.js';
import type { ChannelId } from '../channel-id.js';
import type { DenyReason } from '../deny-reason.js';

/**
 * Somebody wants to be let in as somebody.
 *
 * @inline
 */
interface AuthStep {
  /** As the client gave it, made printable. */
  readonly user: string;
  /** The method as it is named on the wire. */
  readonly method: string;
  /** 1 for the first request on the connection. */
  readonly ordinal: number;
}

/**
 * What the server has done or found out, as data: the content of {@link Log} and {@link SSHStatus} events. Texts from peers are
 * printable ASCII: all else is escaped, such as `\u{1b}`, and so are backslashes; at most 256 characters, `...` at the end where it was more.
 */
export type LogStep =
  /** The client may connect, and is told who the server is (RFC 4253 section 4.2). Level 1. */
  | { readonly kind: 'connected' }
  /** The client may not connect. Level 2. */
  | { readonly kind: 'connection-refused'; readonly by: string; readonly reason: DenyReason }
  /** Lines were sent before the server's identification (RFC 4253 section 4.2). Level 2. */
  | { readonly kind: 'greeting-sent'; readonly length: number }
  /** The client has said who it is. Level 1. */
  | { readonly kind: 'identified'; readonly clientVersion: string }
  /** None of the server's patterns lets such a client in. Level 1. */
  | { readonly kind: 'client-refused'; readonly clientVersion: string }
  /** Keys are exchanged, for the first time or again (RFC 4253 sections 7 and 9). Level 1. */
  | { readonly kind: 'key-exchange-begun'; readonly by: 'client' | 'server'; readonly ordinal: number }
  /** Both sides have told what they know, and agree. Level 2. */
  | { readonly kind: 'algorithms-negotiated'; readonly algorithms: NegotiatedAlgorithms; readonly ordinal: number }
  /** New keys are in use. Level 1. */
  | { readonly kind: 'keys-exchanged'; readonly algorithms: NegotiatedAlgorithms; readonly ordinal: number }
  /** The client gets a service (RFC 4253 section 10). Level 1. */
  | { readonly kind: 'service-accepted'; readonly service: string }
  /** The client does not get a service. Level 1. */
  | { readonly kind: 'service-refused'; readonly service: string; readonly reason: DenyReason }
  /** The client was shown a text before it signs in (RFC 4252 section 5.4). Level 2. */
  | { readonly kind: 'banner-sent'; readonly length: number }
  /** Somebody wants to sign in, or asks how (RFC 4252 section 5). Level 2. */
  | ({ readonly kind: 'auth-requested' } & AuthStep)
  /** What the client was answered, such as `challenge`. A success, and a failure of what was a guess, are steps of their own. Level 2. */
  | ({ readonly kind: 'auth-answered'; readonly outcome: string } & AuthStep)
  /** An attempt to sign in has failed. Level 1. */
  | ({ readonly kind: 'auth-failed'; readonly by: string; readonly reason: DenyReason } & AuthStep)
  /** A user has got in, perhaps in several steps: the method of the last, and the last of the user's keys among them. Level 1. */
  | { readonly kind: 'authenticated'; readonly user: string; readonly method: string; readonly keyFingerprint?: string }
  /** What the user's key demands is done in place of what was asked for. Level 1. */
  | { readonly kind: 'command-forced'; readonly requestType: string }
  /** A channel is open (RFC 4254 section 5.1). Level 2. */
  | { readonly kind: 'channel-opened'; readonly channel: ChannelId; readonly channelType: string }
  /** A channel is not opened. Level 2. */
  | {
      readonly kind: 'channel-refused';
      readonly channelType: string;
      readonly by: string;
      readonly reason: DenyReason;
    }
  /** What a client asked of a channel was answered (RFC 4254 section 5.4). Level 2. */
  | {
      readonly kind: 'channel-requested';
      readonly channel: ChannelId;
      readonly requestType: string;
      readonly granted: boolean;
    }
  /** The client sends nothing more on a channel (RFC 4254 section 5.3). Level 2. */
  | { readonly kind: 'channel-eof'; readonly channel: ChannelId }
  /** A channel is closed. Level 2. */
  | { readonly kind: 'channel-closed'; readonly channel: ChannelId; readonly channelType: string }
  /** What a client asked of the connection was answered (RFC 4254 section 4). Level 2. */
  | { readonly kind: 'global-requested'; readonly requestType: string; readonly granted: boolean }
  /** The user was told something, such as why a session ends. Level 1. */
  | { readonly kind: 'user-told'; readonly text: string }
  /**
   * A packet has arrived, or was handed over to be sent; its content is not told. Level 3. A goodbye is told when it is sent, and
   * of a client that is simulated there are no key exchanges.
   */
  | {
      readonly kind: 'packet';
      readonly direction: 'in' | 'out';
      /** The message number (RFC 4250 section 4.1.2). */
      readonly number: number;
      readonly name: string;
      /** Bytes of the payload, uncompressed. */
      readonly length: number;
    }
  /** The connection has ended. Level 1. */
  | {
      readonly kind: 'disconnected';
      /** Who ended it; `network` means that it broke. */
      readonly by: 'peer' | 'server' | 'network';
      readonly reason?: DisconnectReasonName;
      readonly description: string;
    };
