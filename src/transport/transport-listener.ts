import type { SshServerError } from '../errors.js';
import type { DisconnectReasonName } from './messages/disconnect-reason.js';

/** The algorithms in use after a key exchange. */
export interface NegotiatedAlgorithms {
  readonly keyExchange: string;
  readonly hostKey: string;
  readonly cipherIn: string;
  readonly cipherOut: string;
  /** Empty for ciphers that authenticate by themselves. */
  readonly macIn: string;
  readonly macOut: string;
  /** What the client compresses with once its user has signed in. Absent without compression. */
  readonly compressionIn?: string;
  /** What the server compresses with once the user has signed in. Absent without compression. */
  readonly compressionOut?: string;
}

/** How a transport ended. */
export interface TransportEnd {
  readonly by: 'peer' | 'server' | 'network';
  /** From SSH_MSG_DISCONNECT, received or sent; absent if there was none. */
  readonly reason?: DisconnectReasonName;
  /** For logs; printable. */
  readonly description: string;
  /** What went wrong, unless the end was an orderly one. */
  readonly error?: SshServerError;
}

/** Told what happens on a transport. Methods are called synchronously, never after {@link onEnd}. */
export interface TransportListener {
  /** The client's identification line has arrived (RFC 4253 section 4.2). */
  onIdentification(line: string): void;
  /** Keys will be exchanged again; of the first time {@link onIdentification} tells. `ordinal` is that of the exchange, from 2 on. */
  onKeyExchangeBegun(by: 'client' | 'server', ordinal: number): void;
  /** Both sides agree on algorithms for the keys that are being exchanged. */
  onAlgorithmsNegotiated(algorithms: NegotiatedAlgorithms, ordinal: number): void;
  /**
   * A packet has arrived or was handed over to be sent. Only if `TransportSettings.tracesPackets`.
   *
   * @param number - of the message
   * @param length - of the payload, uncompressed, in bytes
   */
  onPacket(direction: 'in' | 'out', number: number, length: number): void;
  /** A key exchange has completed. `ordinal` is 1 for the first. */
  onKeysExchanged(algorithms: NegotiatedAlgorithms, ordinal: number): void;
  /**
   * A payload above the transport layer has arrived. It is a view: copy what outlives the call.
   *
   * @returns false if the message number means nothing here; the transport then answers SSH_MSG_UNIMPLEMENTED.
   */
  onPayload(payload: Buffer): boolean;
  /** How many key exchanges this connection may do in all; asked when the client wants another one. */
  maxKeyExchanges(): number;
  /** Data may be sent again after {@link Transport.writable} was false. */
  onWritable(): void;
  /** The transport has ended; called exactly once. */
  onEnd(end: TransportEnd): void;
}
