import { createHash, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import type { Client } from 'ssh2';

const METHOD = 'mlkem768x25519-sha256';
/** The exchange of ssh2 that has the same messages and the same hash. */
const STAND_IN = 'curve25519-sha256';
const CIPHERTEXT_LENGTH = 1088;
/** What stands before a raw X25519 key in its DER form. */
const SPKI_HEADER = Buffer.from('302a300506032b656e032100', 'hex');

/** As much of ssh2's protocol as is touched here; none of it is public. */
interface Protocol {
  _offer: Offer;
  _kex: Exchange | undefined;
}
interface Offer {
  readonly constructor: new (lists: Readonly<Record<string, unknown>>) => Offer;
  readonly lists: {
    readonly kex: { array: readonly string[] };
    readonly serverHostKey: { readonly array: readonly string[] };
    readonly cs: Direction;
    readonly sc: Direction;
  };
}
interface Direction {
  readonly cipher: { readonly array: readonly string[] };
  readonly mac: { readonly array: readonly string[] };
  readonly compress: { readonly array: readonly string[] };
}
interface Exchange {
  getPublicKey(): Buffer;
  convertPublicKey(key: Buffer): Buffer;
  computeSecret(reply: Buffer): Buffer;
}

/**
 * Has a client of ssh2, which is about to connect, offer no key exchange but the hybrid with ML-KEM
 * (draft-ietf-sshm-mlkem-hybrid-kex), and do it.
 */
export function exchangeHybridKeys(client: Client): void {
  const { _protocol: protocol } = client as unknown as { readonly _protocol: Protocol };
  protocol._offer = hybridOffer(protocol._offer);
  let current: Exchange | undefined;
  // The exchange sends its first message as soon as it is made.
  Object.defineProperty(protocol, '_kex', {
    configurable: true,
    get: () => current,
    set: (exchange: Exchange | undefined) => {
      if (exchange !== undefined && exchange !== current) makeHybrid(exchange);
      current = exchange;
    },
  });
}

/** Sent with the hybrid as its only method; ssh2 is told that it has the stand-in, which the server has as well. */
function hybridOffer({ constructor: KexInit, lists: { serverHostKey, cs, sc } }: Offer): Offer {
  const direction = ({ cipher, mac, compress }: Direction) => ({
    cipher: cipher.array,
    mac: mac.array,
    compress: compress.array,
    lang: [],
  });
  const offer = new KexInit({
    kex: [METHOD],
    serverHostKey: serverHostKey.array,
    cs: direction(cs),
    sc: direction(sc),
  });
  offer.lists.kex.array = [STAND_IN];
  return offer;
}

function makeHybrid(exchange: Exchange): void {
  const kem = ml_kem768.keygen();
  const pair = generateKeyPairSync('x25519');
  const ours = Buffer.concat([kem.publicKey, rawOf(pair.publicKey)]);
  exchange.getPublicKey = () => ours;
  exchange.convertPublicKey = (key) => key;
  exchange.computeSecret = (reply) => {
    const kemSecret = ml_kem768.decapsulate(reply.subarray(0, CIPHERTEXT_LENGTH), kem.secretKey);
    const theirs = Buffer.concat([SPKI_HEADER, reply.subarray(CIPHERTEXT_LENGTH)]);
    const publicKey = createPublicKey({ key: theirs, format: 'der', type: 'spki' });
    const x25519Secret = diffieHellman({ privateKey: pair.privateKey, publicKey });
    return createHash('sha256').update(kemSecret).update(x25519Secret).digest();
  };
}

const rawOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' }).subarray(SPKI_HEADER.length);
