import type { JsonWebKey, KeyObject } from 'node:crypto';

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

/** The curve name inside a key blob, which repeats the end of the type name (RFC 5656 section 3.1). */
export const curveNameOf = (type: string): string => type.slice(type.lastIndexOf('-') + 1);

/** The public point of an elliptic curve key, uncompressed. JSON Web Keys pad the coordinates to full length. */
export const pointOf = (jwk: JsonWebKey): Buffer => Buffer.concat([UNCOMPRESSED, jwkBytes(jwk.x), jwkBytes(jwk.y)]);

/** A field of a JSON Web Key (RFC 7518 section 6) as bytes. */
export const jwkBytes = (field: string | undefined): Buffer => Buffer.from(field ?? '', 'base64url');
