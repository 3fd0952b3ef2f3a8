/** The host key types of this server, by their public key format names (RFC 4253 section 6.6, RFC 5656, RFC 8709). */
export type HostKeyType =
  'ssh-ed25519' | 'ecdsa-sha2-nistp256' | 'ecdsa-sha2-nistp384' | 'ecdsa-sha2-nistp521' | 'ssh-rsa';

/** The signature algorithms that host keys sign with. `ssh-rsa` is missing on purpose: it means SHA-1 (RFC 8332). */
export type HostKeyAlgorithm = Exclude<HostKeyType, 'ssh-rsa'> | 'rsa-sha2-512' | 'rsa-sha2-256';
