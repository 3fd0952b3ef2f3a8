/** What a certification authority says of a host key (OpenSSH PROTOCOL.certkeys), checked when the server starts. */
export interface HostCertificate {
  /** The certificate in wire form, as clients get it in place of the public key. */
  readonly blob: Uint8Array;
  /** What the authority calls the host; for logs. */
  readonly keyId: string;
  /** Its number, in decimal. 0 if the authority does not count. */
  readonly serial: string;
  /** The host names that clients may know it by; none stands for all. */
  readonly principals: readonly string[];
  /** From when on it is valid, in milliseconds since the epoch; 0 for always. */
  readonly validAfter: number;
  /** When it ceases to be valid, in milliseconds since the epoch; absent if never. */
  readonly validBefore?: number;
}
