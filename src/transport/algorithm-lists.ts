/** The algorithms of a server, most wanted first (RFC 4253 section 7.1). Names as in the registries of RFC 4250. */
export interface AlgorithmLists {
  /** Key exchange methods. The documented `SSHKeyExchangeAlgorithms`. */
  readonly keyExchange: readonly string[];
  /** Signature algorithms of host keys; those that no host key can sign with are left out. The documented `SSHPublicKeyAlgorithms`. */
  readonly hostKeys: readonly string[];
  /** Ciphers, for both directions. The documented `SSHEncryptionAlgorithms`. */
  readonly ciphers: readonly string[];
  /** MACs, for both directions; the GCM and Poly1305 ciphers do without. The documented `SSHMacAlgorithms`. */
  readonly macs: readonly string[];
  /**
   * Compression, for both directions: `none` and `zlib@openssh.com`, which begins when the user has signed in. The documented
   * `SSHCompressionAlgorithms`.
   */
  readonly compression: readonly string[];
  /**
   * Signature algorithms accepted from users who sign in with a key (RFC 8332, RFC 8308 section 3.1), from hosts that vouch for
   * users, and from the authorities whose certificates they show. A key that can only sign otherwise is refused like an unknown
   * one. The documented `SSHPubKeyAuthSigAlgorithms`.
   */
  readonly publicKeySignatures: readonly string[];
}
