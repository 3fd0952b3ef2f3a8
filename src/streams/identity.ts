/** Who a connection belongs to once authentication has succeeded. */
export interface Identity {
  /** The user name as the client sent it. */
  readonly user: string;
  /** The method that succeeded last (RFC 4252): `publickey`, `password`, `keyboard-interactive`, `none`. */
  readonly method: string;
  /** SHA-256 fingerprint of the proven key, in the form of `ssh-keygen -l`; absent for the other methods. */
  readonly keyFingerprint?: string;
}
