import type { ConnectionId } from './connection-id.js';

/** What is known of a connection from its first byte on. Plain data, one object for all events of a connection. */
export interface ConnectionInfo {
  /** Identifies the connection for the life of the server. */
  readonly id: ConnectionId;
  /** The client's address in the shortest form; IPv4 even if the socket is a dual-stack one. Empty if unknown. */
  readonly remoteAddress: string;
  /** The client's TCP port; 0 if the stream is not a TCP socket. */
  readonly remotePort: number;
  /** Address of this server that the client connected to. Empty if unknown. */
  readonly localAddress: string;
  /** Port of this server that the client connected to; 0 if the stream is not a TCP socket. */
  readonly localPort: number;
}
