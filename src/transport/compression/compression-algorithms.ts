/** No compression before the user has signed in (draft-miller-secsh-compression-delayed), as OpenSSH's `-C` asks for it. */
export const COMPRESSION_AFTER_AUTHENTICATION = 'zlib@openssh.com';

/**
 * The compression that a server may offer, in the order in which OpenSSH's `sshd` offers it.
 *
 * The `zlib` of RFC 4253 is missing on purpose: it begins with the first key exchange, so that strangers can have a server inflate
 * what they like, a thousand bytes for each one sent.
 */
export const COMPRESSION_ALGORITHMS = ['none', COMPRESSION_AFTER_AUTHENTICATION] as const;
