import type { DisconnectReasonName } from '../transport/messages/disconnect-reason.js';
import type { NegotiatedAlgorithms } from '../transport/transport-listener.js';
import type { ConnectionInfo } from './connection-info.js';
import type { Identity } from './identity.js';

/** A connection of a running server, as operators and applications see it. */
export interface Connection {
  readonly info: ConnectionInfo;
  /** Who it belongs to; undefined before authentication. */
  readonly identity: Identity | undefined;
  /** The client's identification line, made printable; empty before it has arrived. The documented `ClientSSHVersionString`. */
  readonly clientVersion: string;
  /** The algorithms in use; undefined before the first key exchange. */
  readonly algorithms: NegotiatedAlgorithms | undefined;
  /** How many channels are open. */
  readonly channelCount: number;
  /** Ends the connection with SSH_MSG_DISCONNECT. `description` is shown to the user. Default reason BY_APPLICATION. */
  disconnect(description: string, reason?: DisconnectReasonName): void;
  /** Renews the keys of the connection (RFC 4253 section 9). The documented `ExchangeKeys`. */
  exchangeKeys(): void;
}
