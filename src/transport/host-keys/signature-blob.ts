import { WireReader } from '../wire/wire-reader.js';
import { WireWriter } from '../wire/wire-writer.js';
import { DER, readDer, writeDer } from './der.js';
import type { HostKeyAlgorithm } from './host-key-type.js';

const isEcdsa = (algorithm: string): boolean => algorithm.startsWith('ecdsa-');

/**
 * The wire form (RFC 4253 section 6.6, RFC 5656 section 3.1.2) of a signature that `node:crypto` has made.
 *
 * @throws RangeError if an ECDSA signature is not the DER form of two integers
 */
export function signatureBlobOf(signature: Uint8Array, algorithm: HostKeyAlgorithm): Buffer {
  const writer = new WireWriter().ascii(algorithm);
  if (!isEcdsa(algorithm)) return writer.string(signature).finish();
  const [sequence] = readDer(Buffer.from(signature)) ?? [];
  const [r, s, ...rest] = (sequence?.tag === DER.SEQUENCE ? readDer(sequence.content) : undefined) ?? [];
  if (r?.tag !== DER.INTEGER || s?.tag !== DER.INTEGER || rest.length > 0) {
    throw new RangeError('an ECDSA signature is a DER sequence of two integers');
  }
  return writer.string(new WireWriter().magnitude(r.content).magnitude(s.content).finish()).finish();
}

/** The way back; undefined if the blob is none of that algorithm. */
export function readSignatureBlob(blob: Buffer, algorithm: HostKeyAlgorithm): Buffer | undefined {
  const reader = new WireReader(blob);
  const name = reader.ascii();
  const signature = reader.string();
  if (!reader.complete || name !== algorithm) return undefined;
  if (!isEcdsa(algorithm)) return signature;
  const pair = new WireReader(signature);
  const integers = [pair.magnitude(), pair.magnitude()].map(unsignedInteger);
  return pair.complete ? writeDer(DER.SEQUENCE, Buffer.concat(integers)) : undefined;
}

/** A DER integer that is not negative: a set top bit needs a zero before it. */
function unsignedInteger(magnitude: Buffer): Buffer {
  const needsSign = magnitude.length === 0 || (magnitude[0] ?? 0) >= 0x80;
  return writeDer(DER.INTEGER, needsSign ? Buffer.concat([Buffer.of(0), magnitude]) : magnitude);
}
