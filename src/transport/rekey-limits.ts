/** How long one set of keys may be used; whichever limit comes first, the server asks for new ones (RFC 4253 section 9). */
export interface RekeyLimits {
  /** Bytes of one direction, as on the wire. Default 1 GiB. The documented `KeyRenegotiationThreshold`. */
  readonly bytes: number;
  /** Milliseconds, from the last key exchange to the next packet of the client's. Default 1 hour. */
  readonly ms: number;
  /** Packets of one direction. Default 2^31: sequence numbers begin anew at 2^32 (RFC 4344 section 3.1). */
  readonly packets: number;
}

/** What holds unless configured otherwise. */
export const DEFAULT_REKEY_LIMITS: RekeyLimits = { bytes: 2 ** 30, ms: 3_600_000, packets: 2 ** 31 };
