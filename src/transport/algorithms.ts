import { KexInit, type EngineOffer } from './engine/ssh2-internals.js';

/** The algorithms a server offers, most wanted first (RFC 4253 section 7.1). */
export interface AlgorithmLists {
  readonly keyExchange: readonly string[];
  readonly ciphers: readonly string[];
  readonly macs: readonly string[];
}

/**
 * What is offered unless configured otherwise.
 *
 * No group exchange (the engine's server half of it is not written), no SHA-1, no CBC, no compression (an inflater before
 * login is an amplifier in a stranger's hands). The MACs that are not encrypt-then-MAC come last, for old clients. These
 * are also all the choices there are.
 */
export const DEFAULT_ALGORITHMS: AlgorithmLists = {
  keyExchange: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group14-sha256',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
  ],
  ciphers: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'chacha20-poly1305@openssh.com',
    'aes128-ctr',
    'aes192-ctr',
    'aes256-ctr',
  ],
  macs: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
};

/** Asks for strict key exchange (OpenSSH PROTOCOL section 1.10): the answer to the Terrapin attack. */
const STRICT_KEY_EXCHANGE = 'kex-strict-s-v00@openssh.com';

/** Encodes the lists once for all connections of a server. `hostKeyAlgorithms` are those the host keys can sign with. */
export function encodeOffer(lists: AlgorithmLists, hostKeyAlgorithms: readonly string[]): EngineOffer {
  const direction = { cipher: lists.ciphers, mac: lists.macs, compress: ['none'], lang: [] };
  return new KexInit({
    kex: [...lists.keyExchange, STRICT_KEY_EXCHANGE],
    serverHostKey: hostKeyAlgorithms,
    cs: direction,
    sc: direction,
  });
}
