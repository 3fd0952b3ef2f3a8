import type { AlgorithmLists } from './algorithm-lists.js';
import { KexInit, type EngineOffer } from './engine/ssh2-internals.js';

/** Asks for strict key exchange (OpenSSH PROTOCOL section 1.10): the answer to the Terrapin attack. */
const STRICT_KEY_EXCHANGE = 'kex-strict-s-v00@openssh.com';

/** Encodes what goes into KEXINIT, once for all connections of a server. `hostKeys` are those it has keys for. */
export function encodeOffer(lists: Omit<AlgorithmLists, 'publicKeySignatures'>): EngineOffer {
  const direction = { cipher: lists.ciphers, mac: lists.macs, compress: lists.compression, lang: [] };
  return new KexInit({
    kex: [...lists.keyExchange, STRICT_KEY_EXCHANGE],
    serverHostKey: lists.hostKeys,
    cs: direction,
    sc: direction,
  });
}
