import { createHmac, timingSafeEqual } from 'node:crypto';

/** What begins a hashed name, and no other. */
const DELIMITER = '|';
/** HMAC-SHA-1, by a salt of the same length. */
const VERSION = '1';
const DIGEST_BYTES = 20;

/** The name of a host, hidden: `|1|salt|digest`, both in base64, as `HashKnownHosts` of ssh_config(5) writes it. */
export class HashedHostName {
  readonly #salt: Buffer;
  readonly #digest: Buffer;

  private constructor(salt: Buffer, digest: Buffer) {
    this.#salt = salt;
    this.#digest = digest;
  }

  /** Whether a text wants to be a hashed name. */
  static isOne(text: string): boolean {
    return text.startsWith(DELIMITER);
  }

  /** Reads a hashed name; undefined if it is none, of another kind or cut off. */
  static read(text: string): HashedHostName | undefined {
    const [before, version, salt, digest, ...rest] = text.split(DELIMITER);
    if (before !== '' || version !== VERSION || rest.length > 0) return undefined;
    const [saltBytes, digestBytes] = [bytesOf(salt), bytesOf(digest)];
    return saltBytes && digestBytes && new HashedHostName(saltBytes, digestBytes);
  }

  /** Whether this is the name `host`. */
  isNameOf(host: string): boolean {
    return timingSafeEqual(createHmac('sha1', this.#salt).update(host).digest(), this.#digest);
  }
}

/** Node reads as much of a text as is base64. */
function bytesOf(base64 = ''): Buffer | undefined {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length === DIGEST_BYTES && bytes.toString('base64') === base64 ? bytes : undefined;
}
