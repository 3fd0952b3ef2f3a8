import { encodeUtf8 } from './utf8.js';

const EMPTY = Buffer.alloc(0);

/** Most control messages fit; the others cost one or two doublings. */
const INITIAL_CAPACITY = 128;

// One name is anything printable but a comma; spaces are refused here although readers take them.
const name = /^[!-+\--~]+$/;
const printable = /^[ -~]*$/;

/**
 * Writes the data types of RFC 4251 section 5 into one growing buffer. Each method returns the writer.
 *
 * What cannot be written is a mistake of the program, never of the peer, so it throws.
 *
 * @throws RangeError from any method whose value does not fit its type: a number out of range, a name that is not
 * printable US-ASCII, a byte array of the wrong length.
 */
export class WireWriter {
  #buffer = Buffer.allocUnsafe(INITIAL_CAPACITY);
  #length = 0;

  /** `byte`: 0 to 255. */
  byte(value: number): this {
    this.#reserve(1);
    this.#length = this.#buffer.writeUInt8(value, this.#length);
    return this;
  }

  /** `boolean`: written as 0 or 1. */
  boolean(value: boolean): this {
    return this.byte(value ? 1 : 0);
  }

  /** `uint32`: 0 to 2^32 - 1. */
  uint32(value: number): this {
    this.#reserve(4);
    this.#length = this.#buffer.writeUInt32BE(value, this.#length);
    return this;
  }

  /** `uint64`: 0 to 2^64 - 1. */
  uint64(value: bigint): this {
    this.#reserve(8);
    this.#length = this.#buffer.writeBigUInt64BE(value, this.#length);
    return this;
  }

  /** Bytes as they are, without a length before them. */
  bytes(value: Uint8Array): this {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** `string`: any bytes. */
  string(value: Uint8Array): this {
    return this.uint32(value.length).bytes(value);
  }

  /** `string` that holds text, as UTF-8; restores the bytes that `WireReader.utf8` escaped. */
  utf8(value: string): this {
    return this.string(encodeUtf8(value));
  }

  /** `string` that holds a name or a language tag: printable US-ASCII. */
  ascii(value: string): this {
    if (!printable.test(value)) throw new RangeError(`not printable US-ASCII: ${JSON.stringify(value)}`);
    return this.string(Buffer.from(value, 'latin1'));
  }

  /** `name-list`: names without commas and spaces, none of them empty. */
  nameList(value: readonly string[]): this {
    const wrong = value.find((it) => !name.test(it));
    if (wrong !== undefined) throw new RangeError(`not a name of RFC 4251 section 6: ${JSON.stringify(wrong)}`);
    return this.ascii(value.join(','));
  }

  /** `mpint`: a signed integer, in as few bytes as possible. */
  mpint(value: bigint): this {
    if (value === 0n) return this.string(EMPTY);

    // Two's complement: -n takes as many bits as n - 1, and the sign takes one more.
    const unsigned = value < 0n ? ~value : value;
    const bits = unsigned === 0n ? 0 : unsigned.toString(2).length;
    const length = Math.floor(bits / 8) + 1;
    const hex = BigInt.asUintN(length * 8, value).toString(16);
    return this.string(Buffer.from(hex.padStart(length * 2, '0'), 'hex'));
  }

  /** `mpint` from a magnitude: big-endian, leading zeros or none, empty for 0. */
  magnitude(value: Uint8Array): this {
    const start = value.findIndex((byte) => byte !== 0);
    const significant = start < 0 ? EMPTY : value.subarray(start);
    const sign = (significant[0] ?? 0) >= 0x80 ? 1 : 0;
    this.uint32(significant.length + sign);
    // A set top bit would read as a negative number.
    return (sign === 1 ? this.byte(0) : this).bytes(significant);
  }

  /** Hands over what was written, without a copy, and leaves the writer empty. */
  finish(): Buffer {
    const written = this.#buffer.subarray(0, this.#length);
    this.#buffer = EMPTY;
    this.#length = 0;
    return written;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;

    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2, INITIAL_CAPACITY));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}
