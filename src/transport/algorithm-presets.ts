import type { AlgorithmLists } from './algorithm-lists.js';

/** The name of a ready-made choice of algorithms. */
export type AlgorithmPreset = 'modern' | 'compatible' | 'fips';

/** Group exchange is in none of them: the engine's server half of it is not written. */
const KEY_EXCHANGE = {
  hybrid: ['mlkem768x25519-sha256'],
  curve25519: ['curve25519-sha256', 'curve25519-sha256@libssh.org'],
  nist: ['ecdh-sha2-nistp256', 'ecdh-sha2-nistp384', 'ecdh-sha2-nistp521'],
  groups: ['diffie-hellman-group16-sha512', 'diffie-hellman-group18-sha512'],
  // 2048 bits, as strong as a key of 112 bits: for clients that know no other.
  group14: ['diffie-hellman-group14-sha256'],
} as const;

const SIGNATURES = {
  ed25519: ['ssh-ed25519'],
  ecdsa: ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  rsa: ['rsa-sha2-512', 'rsa-sha2-256'],
} as const;

/** Of keys in hardware, which only users have. */
const SECURITY_KEYS = {
  ed25519: ['sk-ssh-ed25519@openssh.com'],
  ecdsa: ['sk-ecdsa-sha2-nistp256@openssh.com', 'webauthn-sk-ecdsa-sha2-nistp256@openssh.com'],
} as const;

const MACS = {
  encryptThenMac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com'],
  encryptAndMac: ['hmac-sha2-256', 'hmac-sha2-512'],
} as const;

const everySignature = [...SIGNATURES.ed25519, ...SIGNATURES.ecdsa, ...SIGNATURES.rsa];

/** An ECDSA key harms nobody but its user, so it may be one under every preset. */
const everyUserSignature = [...everySignature, ...SECURITY_KEYS.ed25519, ...SECURITY_KEYS.ecdsa];

const everyCipher = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
];

/**
 * Ready-made choices of algorithms, to be named in the option `algorithms` of `createServer` or taken as a start for lists.
 *
 * - `modern`, the default: what an audit finds nothing in. Post-quantum key exchange first; no NIST curves, no MAC that is
 *   computed before encryption. Every client of the last ten years knows something of it.
 * - `compatible`: all there is, so with NIST curves, the 2048-bit group and the MACs that older clients need, in that order
 *   after the modern ones.
 * - `fips`: what FIPS 140-3 and SP 800-56A approve of. These are names: whether the code behind them is validated depends on the
 *   OpenSSL that Node runs with. It needs an ECDSA or RSA host key.
 *
 * SHA-1, CBC and compression are in none of them; compression can be added, as `{ compression: ['none', 'zlib@openssh.com'] }`.
 *
 * @example
 * ```ts
 * const server = await createServer({
 *   hostKeys: [await loadOrCreateHostKey('state/host_key')],
 *   algorithms: { ...ALGORITHM_PRESETS.compatible, ciphers: ['aes256-gcm@openssh.com'] },
 * });
 * ```
 */
export const ALGORITHM_PRESETS: Readonly<Record<AlgorithmPreset, AlgorithmLists>> = {
  modern: {
    keyExchange: [...KEY_EXCHANGE.hybrid, ...KEY_EXCHANGE.curve25519, ...KEY_EXCHANGE.groups],
    hostKeys: [...SIGNATURES.ed25519, ...SIGNATURES.rsa],
    ciphers: everyCipher,
    macs: MACS.encryptThenMac,
    compression: ['none'],
    publicKeySignatures: everyUserSignature,
  },
  compatible: {
    keyExchange: [
      ...KEY_EXCHANGE.hybrid,
      ...KEY_EXCHANGE.curve25519,
      ...KEY_EXCHANGE.nist,
      ...KEY_EXCHANGE.groups,
      ...KEY_EXCHANGE.group14,
    ],
    hostKeys: everySignature,
    ciphers: everyCipher,
    macs: [...MACS.encryptThenMac, ...MACS.encryptAndMac],
    compression: ['none'],
    publicKeySignatures: everyUserSignature,
  },
  fips: {
    keyExchange: [...KEY_EXCHANGE.nist, ...KEY_EXCHANGE.groups, ...KEY_EXCHANGE.group14],
    hostKeys: [...SIGNATURES.ecdsa, ...SIGNATURES.rsa],
    ciphers: everyCipher.filter((name) => name.startsWith('aes')),
    macs: [...MACS.encryptThenMac, ...MACS.encryptAndMac],
    compression: ['none'],
    publicKeySignatures: [...SIGNATURES.ecdsa, ...SIGNATURES.rsa, ...SECURITY_KEYS.ecdsa],
  },
};
