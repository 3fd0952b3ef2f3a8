import { decodeUtf8 } from './utf8.js';

const EMPTY = Buffer.alloc(0);

/** 16,384 bits and a sign byte: twice the largest Diffie-Hellman group in use, and a bound on what becomes a bigint. */
const MAX_MPINT_BYTES = 2049;

/** Far above any real proposal (OpenSSH sends 15 names at most), far below what could hurt. */
const MAX_NAMES = 1024;

/**
 * Reads the data types of RFC 4251 section 5 from front to back, and never throws.
 *
 * A read that does not fit turns {@link ok} to false for good. From then on every read returns a neutral value (0,
 * false, '', an empty list or buffer) and {@link remaining} is 0, so a caller reads all fields in a row and asks once
 * at the end. Nothing is allocated by a length that the bytes at hand do not cover.
 *
 * Buffers handed out are views on the bytes given: copy what must outlive them.
 */
export class WireReader {
  readonly #bytes: Buffer;
  #offset: number;
  #ok = true;

  /** Starts at `offset`, 0 unless given; an offset past the end is a failure. */
  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = offset;
    if (offset > bytes.length) this.fail();
  }

  /** False once a read did not fit or {@link fail} was called; never true again. */
  get ok(): boolean {
    return this.#ok;
  }

  /** Bytes not yet read; 0 after a failure. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** True if everything was read, to the last byte, without a failure. */
  get complete(): boolean {
    return this.#ok && this.remaining === 0;
  }

  /** Declares the bytes malformed, for rules that only the caller knows. */
  fail(): void {
    this.#ok = false;
    this.#offset = this.#bytes.length;
  }

  /** `byte`: 0 to 255. */
  byte(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.#bytes.readUInt8(at);
  }

  /** `boolean`: every value but 0 is true, as RFC 4251 section 5 asks of readers. */
  boolean(): boolean {
    return this.byte() !== 0;
  }

  /** `uint32`: 0 to 2^32 - 1. */
  uint32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#bytes.readUInt32BE(at);
  }

  /** `uint64`: 0 to 2^64 - 1. */
  uint64(): bigint {
    const at = this.#take(8);
    return at < 0 ? 0n : this.#bytes.readBigUInt64BE(at);
  }

  /** `byte[n]`: exactly `length` bytes, as a view. */
  bytes(length: number): Buffer {
    const at = this.#take(length);
    return at < 0 ? EMPTY : this.#bytes.subarray(at, at + length);
  }

  /** `string`: any bytes, as a view. */
  string(): Buffer {
    return this.bytes(this.uint32());
  }

  /** `string` that holds text. Total and without loss for bytes that are not UTF-8: see {@link decodeUtf8}. */
  utf8(): string {
    return decodeUtf8(this.string());
  }

  /**
   * `string` that holds a name (RFC 4251 section 6) or a language tag: printable US-ASCII, else a failure.
   *
   * Unlike the RFC this takes any length, the empty name and spaces: such a name is merely unknown to whoever looks it
   * up. Control characters could do harm in a log, and other bytes have no defined meaning.
   */
  ascii(): string {
    const bytes = this.string();
    if (!isPrintable(bytes)) {
      this.fail();
      return '';
    }
    return bytes.toString('latin1');
  }

  /**
   * `name-list`: names separated by commas, at most 1,024 of them, else a failure.
   *
   * Empty names, as behind a trailing comma, are left out: RFC 4251 section 5 forbids them, but they match nothing and
   * are no reason to turn a peer away.
   */
  nameList(): readonly string[] {
    const list = this.ascii();
    let names = 1;
    for (let comma = list.indexOf(','); comma >= 0; comma = list.indexOf(',', comma + 1)) names += 1;
    if (names > MAX_NAMES) {
      this.fail();
      return [];
    }
    return list.split(',').filter((name) => name !== '');
  }

  /**
   * `mpint`: a signed integer of at most 2,049 bytes, else a failure.
   *
   * Needless leading bytes, which RFC 4251 section 5 forbids to writers, do not change the value and are taken.
   */
  mpint(): bigint {
    const bytes = this.string();
    if (bytes.length > MAX_MPINT_BYTES) this.fail();
    if (!this.#ok || bytes.length === 0) return 0n;
    return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
  }

  /**
   * `mpint` that must not be negative, as its magnitude: big-endian, no leading zeros, empty for 0, as a view.
   * What key material needs, without a detour over bigint. Negative or longer than 2,049 bytes is a failure.
   */
  magnitude(): Buffer {
    const bytes = this.string();
    if (bytes.length > MAX_MPINT_BYTES || (bytes[0] ?? 0) >= 0x80) {
      this.fail();
      return EMPTY;
    }
    const start = bytes.findIndex((byte) => byte !== 0);
    return start < 0 ? EMPTY : bytes.subarray(start);
  }

  /** All bytes not yet read, as a view. */
  rest(): Buffer {
    return this.bytes(this.remaining);
  }

  /** Moves past `length` bytes and returns where they start, or -1 if they are not there. */
  #take(length: number): number {
    const at = this.#offset;
    if (!this.#ok || length > this.#bytes.length - at) {
      this.fail();
      return -1;
    }
    this.#offset = at + length;
    return at;
  }
}

function isPrintable(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte < 0x20 || byte > 0x7e) return false;
  return true;
}
