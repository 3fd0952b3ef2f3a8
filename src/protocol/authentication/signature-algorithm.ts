import type { WireReader } from '../../transport/wire/wire-reader.js';
import type { PublicKeyType } from './public-key-fields.js';
import type { PublicKey } from './public-key.js';
import type { SecurityKeyUse } from './security-key-use.js';

/** A wrong signature, a right one, or a right one of a security key, with what the security key says of it. */
export type SignatureCheck = boolean | SecurityKeyUse;

/** One way to sign an authentication request. */
export interface SignatureAlgorithm {
  /** As the request and the signature name it (RFC 4252 section 7, RFC 8332). */
  readonly name: string;
  /** The only key type that signs this way. */
  readonly keyType: PublicKeyType;
  /**
   * Verifies what follows the name inside the signature, up to its last byte. May throw, which counts as a refusal.
   *
   * @param key - A key of {@link keyType}.
   * @param signed - The data that the client signed.
   */
  readonly verify: (key: PublicKey, signed: Buffer, signature: WireReader) => SignatureCheck;
}
