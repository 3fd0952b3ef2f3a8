import type { DisconnectReasonName } from '../transport/messages/disconnect-reason.js';

/** What the state machines need of the transport underneath. */
export interface Link {
  /** Identifies the session (RFC 4253 section 7.2). */
  readonly sessionId: Buffer;
  /** Whether channel data may be sent now. */
  readonly writable: boolean;
  /** Sends one packet whose payload is `head` followed by `body`. */
  send(head: Uint8Array, body?: Uint8Array): void;
  /** Ends the connection in order. `description` is sent to the peer. */
  disconnect(reason: DisconnectReasonName, description: string): void;
  /** Ends the connection for a breach of protocol. `description` is sent to the peer. */
  violation(reason: DisconnectReasonName, description: string): void;
}
