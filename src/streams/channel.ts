import type { Duplex, Readable, Writable } from 'node:stream';

import type { SessionState } from '../protocol/session-state.js';
import type { ChannelId } from './channel-id.js';
import type { ConnectionInfo } from './connection-info.js';
import type { Identity } from './identity.js';

/** An open channel as policies and handlers see it (RFC 4254 section 5). */
export interface Channel {
  readonly id: ChannelId;
  readonly connection: ConnectionInfo;
  readonly identity: Identity;
  /** `session`, `direct-tcpip` and so on. */
  readonly type: string;
  /** Environment, terminal and program of a session channel (RFC 4254 section 6); absent on other types. */
  readonly session: SessionState | undefined;
  /**
   * The channel's bytes. Made on first use; from then on window is given back as the application reads.
   *
   * Ends when the client sends EOF; `end()` sends EOF; `destroy()` closes the channel.
   */
  readonly stream: Duplex;
  /** Extended data of type 1, which clients write to their standard error. */
  readonly stderr: Writable;
  /** True once neither side may send any more. */
  readonly closed: boolean;
  /** Aborted when the channel closes or its connection ends. */
  readonly signal: AbortSignal;
  /**
   * The reading half alone, as a stream that reads from now on. Destroying it stops reading and closes nothing; what
   * arrives then waits for the next reader, and its window is not given back.
   */
  openInput(): Readable;
  /**
   * One writing direction alone: ordinary data, or extended data of type 1. Ending it waits until everything has left;
   * EOF follows once both directions have ended. Destroying it drops what it holds and closes nothing. `translate` changes data on its way out.
   */
  openOutput(kind: 'stdout' | 'stderr', translate?: (bytes: Uint8Array) => Uint8Array): Writable;
  /** Says that no more data of either kind will come (RFC 4254 section 5.3), after what was written. */
  sendEof(): void;
  /** Calls `listener`, which must not throw, once the channel has closed. @returns what takes it away again */
  whenClosed(listener: () => void): () => void;
  /** Stops giving window back, so that the client stops sending once it has used up its window. */
  pause(): void;
  /** Gives window back again. */
  resume(): void;
  /** Reports the program's exit status (RFC 4254 section 6.10). 0 to 2^32-1. */
  sendExitStatus(status: number): void;
  /** Reports death by a signal. A name outside RFC 4254's list is sent as status 128 plus its number, as shells do. */
  sendExitSignal(signal: string, options?: { readonly coreDumped?: boolean; readonly message?: string }): void;
  /**
   * Sends a channel request of any type. `data` is the type-specific part.
   *
   * @returns whether the client granted it; false at once if the channel is closed; true at once without `wantReply`.
   * @throws RangeError if the type is not printable US-ASCII.
   */
  request(requestType: string, data: Uint8Array, options?: { readonly wantReply?: boolean }): Promise<boolean>;
  /** Closes the channel after what was written has been sent. Safe to call again. */
  close(): void;
}

/** Runs on a channel once the request that asked for it is answered. Must not throw. */
export type ServeChannel = (channel: Channel) => void;
