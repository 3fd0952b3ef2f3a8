import type { HostKeyOffer } from './host-keys/host-key-offer.js';
import type { RekeyLimits } from './rekey-limits.js';

/** What all transports of a server share. */
export interface TransportSettings {
  /**
   * The host keys in force, with the algorithms on offer. Asked when a connection begins, which keeps to them: some clients leave if
   * another key turns up in a later key exchange.
   */
  readonly hostKeys: () => HostKeyOffer;
  /** The identification line after `SSH-2.0-` (RFC 4253 section 4.2). */
  readonly identification: Buffer;
  /** What EXT_INFO tells clients that ask for it (RFC 8308). */
  readonly extensions: readonly { readonly extensionName: string; readonly extensionValue: Buffer }[];
  /** How long keys are used before the server asks for new ones. */
  readonly rekey: RekeyLimits;
  /**
   * How long a client may keep silent during a key re-exchange, and the signer of a host key during each exchange, in milliseconds.
   * The client's first one is bounded by the login grace time.
   */
  readonly keyExchangeTimeoutMs: number;
  /** Whether listeners are told of each packet. Default they are not. */
  readonly tracesPackets?: boolean;
  /** The time, in milliseconds since any moment. */
  readonly now: () => number;
  /** Calls `work` once after `delayMs` milliseconds. @returns a function that prevents it */
  readonly schedule: (delayMs: number, work: () => void) => () => void;
}
