import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

import { WireReader } from '../wire/wire-reader.js';
import { WireWriter } from '../wire/wire-writer.js';
import type { HostKeyType } from './host-key-type.js';

/** Begins an elliptic curve point that gives both coordinates (SEC 1 section 2.3.3). */
const UNCOMPRESSED = Buffer.of(4);

/**
 * Encodes a public key for the wire: RFC 4253 section 6.6 (RSA), RFC 5656 section 3.1 (ECDSA), RFC 8709 section 4
 * (Ed25519).
 */
export function publicBlobOf(publicKey: KeyObject, type: HostKeyType): Buffer {
  const jwk = publicKey.export({ format: 'jwk' });
  const writer = new WireWriter().ascii(type);
  switch (type) {
    case 'ssh-ed25519':
      return writer.string(jwkBytes(jwk.x)).finish();
    case 'ssh-rsa':
      return writer.magnitude(jwkBytes(jwk.e)).magnitude(jwkBytes(jwk.n)).finish();
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521':
      return writer.ascii(curveNameOf(type)).string(pointOf(jwk)).finish();
  }
}

/** A public key in wire form, taken apart. */
export interface PublicFields {
  readonly type: HostKeyType;
  /** The same as a JSON Web Key (RFC 7518 section 6, RFC 8037). */
  readonly jwk: JsonWebKey;
}

/** Takes apart what {@link publicBlobOf} has encoded; undefined for another type, or bytes to spare. */
export function readPublicBlob(blob: Uint8Array): PublicFields | undefined {
  const reader = new WireReader(blob);
  const type = reader.ascii();
  if (!isHostKeyType(type)) return undefined;
  const jwk = publicJwk[type](reader);
  return reader.complete ? { type, jwk } : undefined;
}

/** The key that {@link publicBlobOf} has encoded; undefined for anything else, such as a point that is not on its curve. */
export function publicKeyOf(blob: Uint8Array): KeyObject | undefined {
  const fields = readPublicBlob(blob);
  if (fields === undefined) return undefined;
  try {
    const key = createPublicKey({ format: 'jwk', key: fields.jwk });
    // Equal keys have equal blobs: without needless zeros, and with one name of the curve.
    return publicBlobOf(key, fields.type).equals(blob) ? key : undefined;
  } catch {
    return undefined;
  }
}

/** Reads the fields behind the type name. */
const publicJwk: Readonly<Record<HostKeyType, (reader: WireReader) => JsonWebKey>> = {
  'ssh-ed25519': (reader) => ({ kty: 'OKP', crv: 'Ed25519', x: base64url(reader.string()) }),
  'ssh-rsa': (reader) => {
    const e = base64url(reader.magnitude());
    return { kty: 'RSA', e, n: base64url(reader.magnitude()) };
  },
  'ecdsa-sha2-nistp256': (reader) => curveJwk(reader, 'P-256'),
  'ecdsa-sha2-nistp384': (reader) => curveJwk(reader, 'P-384'),
  'ecdsa-sha2-nistp521': (reader) => curveJwk(reader, 'P-521'),
};

function curveJwk(reader: WireReader, crv: string): JsonWebKey {
  reader.ascii(); // the curve once more
  const point = reader.string();
  const middle = (point.length + 1) / 2;
  return { kty: 'EC', crv, x: base64url(point.subarray(1, middle)), y: base64url(point.subarray(middle)) };
}

/** Bytes as a field of a JSON Web Key. */
export const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** True for the types of keys that a server can have. */
export const isHostKeyType = (name: string): name is HostKeyType => Object.hasOwn(publicJwk, name);

/** The curve name inside a key blob, which repeats the end of the type name (RFC 5656 section 3.1). */
export const curveNameOf = (type: string): string => type.slice(type.lastIndexOf('-') + 1);

/** The public point of an elliptic curve key, uncompressed. JSON Web Keys pad the coordinates to full length. */
export const pointOf = (jwk: JsonWebKey): Buffer => Buffer.concat([UNCOMPRESSED, jwkBytes(jwk.x), jwkBytes(jwk.y)]);

/** A field of a JSON Web Key (RFC 7518 section 6) as bytes. */
export const jwkBytes = (field: string | undefined): Buffer => Buffer.from(field ?? '', 'base64url');
