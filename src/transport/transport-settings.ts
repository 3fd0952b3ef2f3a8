import type { EngineHostKey, EngineOffer } from './engine/ssh2-internals.js';
import type { RekeyLimits } from './rekey-limits.js';

/** What all transports of a server share. */
export interface TransportSettings {
  /** The server's host keys by signature algorithm. */
  readonly hostKeys: Readonly<Record<string, EngineHostKey>>;
  /** The algorithms on offer, encoded. */
  readonly offer: EngineOffer;
  /** The identification line after `SSH-2.0-` (RFC 4253 section 4.2). */
  readonly identification: Buffer;
  /** What EXT_INFO tells clients that ask for it (RFC 8308). */
  readonly extensions: readonly { readonly extensionName: string; readonly extensionValue: Buffer }[];
  /** How long keys are used before the server asks for new ones. */
  readonly rekey: RekeyLimits;
  /**
   * How long a client may keep silent during a key re-exchange, in milliseconds. The first one is bounded by the login grace
   * time.
   */
  readonly keyExchangeTimeoutMs: number;
  /** The time, in milliseconds since any moment. */
  readonly now: () => number;
  /** Calls `work` once after `delayMs` milliseconds. @returns a function that prevents it */
  readonly schedule: (delayMs: number, work: () => void) => () => void;
}
