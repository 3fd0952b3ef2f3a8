import type { DisconnectReasonName } from './messages/disconnect-reason.js';

/** Carries payloads to a client and back: what the protocol needs of whatever is underneath. */
export interface PacketTransport {
  /** The identifier of this session, fixed by the first key exchange (RFC 4253 section 7.2); empty before it. */
  readonly sessionId: Buffer;
  /** Bytes received, as on the wire. */
  readonly bytesRead: number;
  /** Bytes sent, as on the wire. */
  readonly bytesWritten: number;
  /** Whether channel data may be sent now; if not, `TransportListener.onWritable` tells when. */
  readonly writable: boolean;
  /** Identifies this side to the client, behind `greeting` if there is one, and begins to listen. */
  start(greeting?: Buffer): void;
  /** Sends one packet whose payload is `head` followed by `body`. Nothing is sent after the end. */
  send(head: Uint8Array, body?: Uint8Array): void;
  /** Starts a key re-exchange, unless one is under way. Must not be called while a packet is being sent. */
  rekey(): void;
  /** Says goodbye with SSH_MSG_DISCONNECT and closes. `description` is sent to the peer. */
  disconnect(reason: DisconnectReasonName, description: string): void;
  /** Ends the connection for a breach of protocol, with an error event. `description` is sent to the peer. */
  violation(reason: DisconnectReasonName, description: string): void;
  /** Drops the connection without a word. */
  destroy(description: string): void;
}
