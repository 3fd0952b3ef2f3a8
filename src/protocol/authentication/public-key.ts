import { timingSafeEqual, type KeyObject } from 'node:crypto';

import { fingerprintOf } from '../../transport/host-keys/fingerprint.js';
import { WireReader } from '../../transport/wire/wire-reader.js';
import { isPublicKeyType, publicKeyFields, type PublicKeyFields, type PublicKeyType } from './public-key-fields.js';

/** A well-formed public key of a user. Says nothing about who holds the private key. */
export interface PublicKey {
  readonly type: PublicKeyType;
  /** The size as `ssh-keygen -l` gives it: modulus bits of RSA, field bits of a curve. */
  readonly bits: number;
  /** The key in wire form (RFC 4253 section 6.6); one key has one such form. A copy, not to be written to. */
  readonly blob: Buffer;
  /** What a security key was enrolled for, `ssh:` as a rule (OpenSSH PROTOCOL.u2f); absent for other keys. */
  readonly application?: string;
  /** `SHA256:` and the digest of {@link blob}, as `ssh-keygen -l` prints it. Computed when first read. */
  readonly fingerprint: string;
  /** The key for `node:crypto`. Imported when first read, if that can be put off. */
  readonly keyObject: KeyObject;
}

/** What {@link readPublicKey} makes of a blob. */
export type PublicKeyReading =
  { readonly publicKey: PublicKey } | { /** For the log of the server. Printable. */ readonly fault: string };

/** An RSA key of the greatest size takes 2,073 bytes. Checked first, so that a large blob costs nothing. */
const MAX_BLOB_BYTES = 4096;
/** The limit on names of RFC 4251 section 6. */
const MAX_NAME_LENGTH = 64;

/**
 * Parses a public key in wire form: Ed25519 (RFC 8709), ECDSA on the NIST curves (RFC 5656), RSA (RFC 4253), and the first
 * two in security keys (OpenSSH PROTOCOL.u2f). A certificate is none: see {@link parseUserKey}.
 *
 * The form must be exact, without bytes to spare, so that equal keys have equal blobs. Curve points are checked to lie
 * on the curve; RSA keys need 2048 to 16384 bits and an odd exponent of at most 32 bits, which bounds what a
 * verification costs. Never throws, whatever the bytes are.
 *
 * @returns undefined if the blob is malformed, of another type or out of these bounds.
 * @see {@link readPublicKey} for the reason.
 */
export function parsePublicKey(blob: Uint8Array): PublicKey | undefined {
  const reading = readPublicKey(blob);
  return 'publicKey' in reading ? reading.publicKey : undefined;
}

/** Does what {@link parsePublicKey} does, and says why a blob is refused. Never throws. */
export function readPublicKey(blob: Uint8Array): PublicKeyReading {
  if (blob.length > MAX_BLOB_BYTES) return { fault: `the key is larger than ${String(MAX_BLOB_BYTES)} bytes` };

  // The blob usually is a view on a receive buffer that will be reused.
  const copy = Buffer.from(blob);
  const reader = new WireReader(copy);
  const type = reader.ascii();
  if (!isPublicKeyType(type)) {
    const shown = type.slice(0, MAX_NAME_LENGTH);
    return { fault: shown === '' ? 'the key does not name its type' : `keys of type ${shown} are not supported` };
  }
  const fields = publicKeyFields[type](reader);
  if (!reader.complete) return { fault: `the ${type} key is malformed` };
  if ('fault' in fields) return fields;
  return { publicKey: new ParsedPublicKey(type, copy, fields) };
}

/** True if both are the same key. Takes the same time wherever two keys of one size differ. */
export function sameKey(a: Pick<PublicKey, 'blob'>, b: Pick<PublicKey, 'blob'>): boolean {
  return a.blob.length === b.blob.length && timingSafeEqual(a.blob, b.blob);
}

class ParsedPublicKey implements PublicKey {
  readonly type: PublicKeyType;
  readonly bits: number;
  readonly blob: Buffer;
  readonly application?: string;
  readonly #toKeyObject: () => KeyObject;
  #keyObject: KeyObject | undefined;
  #fingerprint: string | undefined;

  constructor(type: PublicKeyType, blob: Buffer, { bits, application, toKeyObject }: PublicKeyFields) {
    this.type = type;
    this.bits = bits;
    this.blob = blob;
    if (application !== undefined) this.application = application;
    this.#toKeyObject = toKeyObject;
  }

  get fingerprint(): string {
    return (this.#fingerprint ??= fingerprintOf(this.blob));
  }

  get keyObject(): KeyObject {
    return (this.#keyObject ??= this.#toKeyObject());
  }
}
