/** A critical option or an extension of a certificate. */
export interface CertificateOption {
  readonly name: string;
  /** Empty for options that are but a name. Text as the authority wrote it, whatever else it packed as the bytes are in UTF-8. */
  readonly value: string;
}

/** Who has signed a certificate. */
export interface CertificateAuthority {
  /** The type of its key, such as `ssh-ed25519`. */
  readonly type: string;
  /** Its public key in wire form. */
  readonly blob: Uint8Array;
  /** In the form of `ssh-keygen -l`. */
  readonly fingerprint: string;
}

/** What a certification authority says of a user's key (OpenSSH PROTOCOL.certkeys). Plain data. */
export interface Certificate {
  /** Its number, in decimal: up to 2^64 - 1. 0 if the authority does not count. */
  readonly serial: string;
  /** What the authority calls whom it is for; for logs. */
  readonly keyId: string;
  /** The names that its owner may go by. */
  readonly principals: readonly string[];
  /** From when on it is valid, in milliseconds since the epoch; 0 for always. */
  readonly validAfter: number;
  /** When it ceases to be valid, in milliseconds since the epoch; absent if never. */
  readonly validBefore?: number;
  /** What restricts it, in its order, each name once. Whoever does not know one of them must refuse the certificate. */
  readonly criticalOptions: readonly CertificateOption[];
  /** What it permits, in its order, each name once. */
  readonly extensions: readonly CertificateOption[];
  readonly authority: CertificateAuthority;
  /** The certified key in wire form, as it would be without the certificate. */
  readonly publicKey: Uint8Array;
}
