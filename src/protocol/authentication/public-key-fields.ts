import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

import type { WireReader } from '../../transport/wire/wire-reader.js';
import { WireWriter } from '../../transport/wire/wire-writer.js';

/**
 * The types of user keys, by their public key format names (RFC 4253 section 6.6, RFC 5656, RFC 8709). Those that begin with
 * `sk-` live in security keys (OpenSSH PROTOCOL.u2f).
 */
export type PublicKeyType =
  | 'ssh-ed25519'
  | 'ecdsa-sha2-nistp256'
  | 'ecdsa-sha2-nistp384'
  | 'ecdsa-sha2-nistp521'
  | 'ssh-rsa'
  | 'sk-ssh-ed25519@openssh.com'
  | 'sk-ecdsa-sha2-nistp256@openssh.com';

/** What a key blob holds behind its type name. */
export interface PublicKeyFields {
  readonly bits: number;
  /** What a security key was enrolled for; absent for other keys. */
  readonly application?: string;
  readonly toKeyObject: () => KeyObject;
}

type ReadFields = (reader: WireReader) => PublicKeyFields | { readonly fault: string };

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 16_384;
/**
 * An exponent costs one squaring of the modulus per bit, and anyone may ask for the verification of any key. Nearly all
 * keys have 65537, the others 3, 17, 35 or 37.
 */
const MAX_RSA_EXPONENT_BYTES = 4;

/** First byte of a point that gives both coordinates (SEC 1 section 2.3.3). */
const UNCOMPRESSED = 4;

// SubjectPublicKeyInfo (RFC 5480) up to the point itself: these bytes are the same for every key of the curve.
const P384_PREFIX = Buffer.from('3076301006072a8648ce3d020106052b81040022036200', 'hex');
const P521_PREFIX = Buffer.from('30819b301006072a8648ce3d020106052b8104002303818600', 'hex');

const importJwk = (key: JsonWebKey): KeyObject => createPublicKey({ format: 'jwk', key });

const jwkOfP256 = (point: Buffer): KeyObject =>
  importJwk({
    kty: 'EC',
    crv: 'P-256',
    x: point.toString('base64url', 1, 33),
    y: point.toString('base64url', 33),
  });

const spkiWith =
  (prefix: Buffer) =>
  (point: Buffer): KeyObject =>
    createPublicKey({ format: 'der', type: 'spki', key: Buffer.concat([prefix, point]) });

/**
 * How to read each key type.
 *
 * How a key is imported was chosen by measurement (Node 20.20, OpenSSL 3.0, microseconds): from a JSON Web Key Ed25519
 * takes 10, RSA 4 and P-256 68, against 80, 110 and 120 from DER. For P-384 and P-521 a JSON Web Key takes 470 and
 * 1,030, because OpenSSL multiplies the point by the group order, and DER 115. DER checks that the point is on the
 * curve, which is enough: the cofactor of these curves is 1, and the uncompressed form cannot express infinity.
 */
export const publicKeyFields: Readonly<Record<PublicKeyType, ReadFields>> = {
  'ssh-ed25519': readEd25519,
  'ecdsa-sha2-nistp256': (reader) => readEcdsa(reader, 'nistp256', 256, jwkOfP256),
  'ecdsa-sha2-nistp384': (reader) => readEcdsa(reader, 'nistp384', 384, spkiWith(P384_PREFIX)),
  'ecdsa-sha2-nistp521': (reader) => readEcdsa(reader, 'nistp521', 521, spkiWith(P521_PREFIX)),
  'ssh-rsa': readRsa,
  'sk-ssh-ed25519@openssh.com': (reader) => withApplication(reader, readEd25519(reader)),
  'sk-ecdsa-sha2-nistp256@openssh.com': (reader) =>
    withApplication(reader, readEcdsa(reader, 'nistp256', 256, jwkOfP256)),
};

/** True for the types that {@link publicKeyFields} reads. */
export const isPublicKeyType = (name: string): name is PublicKeyType => Object.hasOwn(publicKeyFields, name);

function readEd25519(reader: WireReader): PublicKeyFields {
  const point = reader.string();
  if (point.length !== 32) reader.fail();
  return {
    bits: 256,
    toKeyObject: () => importJwk({ kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') }),
  };
}

function readEcdsa(
  reader: WireReader,
  curve: string,
  bits: number,
  toKeyObject: (point: Buffer) => KeyObject,
): PublicKeyFields | { readonly fault: string } {
  if (reader.ascii() !== curve) reader.fail();
  const point = reader.string();
  // RFC 5656 section 3.1 allows compressed points, but nobody sends them, and a key would have two blobs.
  if (point.length !== 1 + 2 * Math.ceil(bits / 8) || point[0] !== UNCOMPRESSED) reader.fail();
  if (!reader.ok) return { fault: 'malformed' };

  // Not put off, as the import is the check of the point.
  try {
    const keyObject = toKeyObject(point);
    return { bits, toKeyObject: () => keyObject };
  } catch {
    return { fault: `the point is not on the curve ${curve}` };
  }
}

function readRsa(reader: WireReader): PublicKeyFields | { readonly fault: string } {
  const start = reader.remaining;
  const exponent = reader.magnitude();
  const modulus = reader.magnitude();
  const length = start - reader.remaining;
  // The reader takes needless zeros before an integer, which would give one key several blobs.
  const shortest = new WireWriter().magnitude(exponent).magnitude(modulus).finish().length;
  if (length !== shortest) return { fault: 'the RSA key is not in its shortest form' };

  const bits = bitLength(modulus);
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
    const bounds = `${String(MIN_RSA_BITS)} to ${String(MAX_RSA_BITS)}`;
    return { fault: `an RSA key of ${String(bits)} bits is out of bounds, which are ${bounds}` };
  }
  if (!isOdd(modulus)) return { fault: 'the RSA modulus is even' };
  if (!isOdd(exponent) || bitLength(exponent) < 2) return { fault: 'the RSA exponent is even or 1' };
  if (exponent.length > MAX_RSA_EXPONENT_BYTES) return { fault: 'the RSA exponent is longer than 32 bits' };
  return {
    bits,
    toKeyObject: () => importJwk({ kty: 'RSA', n: modulus.toString('base64url'), e: exponent.toString('base64url') }),
  };
}

/** The key of a security key is followed by the application that it was enrolled for. */
function withApplication(
  reader: WireReader,
  fields: PublicKeyFields | { readonly fault: string },
): PublicKeyFields | { readonly fault: string } {
  if ('fault' in fields) return fields;
  return { ...fields, application: reader.utf8() };
}

/** Bits of a magnitude without leading zeros. */
function bitLength(magnitude: Buffer): number {
  const [first] = magnitude;
  return first === undefined ? 0 : magnitude.length * 8 - (Math.clz32(first) - 24);
}

const isOdd = (magnitude: Buffer): boolean => ((magnitude.at(-1) ?? 0) & 1) === 1;
