/** What a security key says of the moment at which it signed (OpenSSH PROTOCOL.u2f). Covered by its signature. */
export interface SecurityKeyUse {
  /** Somebody touched the security key, or was present in another way. */
  readonly touched: boolean;
  /** The security key knew its owner, by a PIN or a finger. */
  readonly userVerified: boolean;
  /** How often the security key has signed; 0 if it does not count. One that falls behind hints at a copy. */
  readonly counter: number;
}
