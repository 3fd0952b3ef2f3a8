/** Writes bits as RFC 1951 section 3.1.1 has them. */
class BitWriter {
  readonly bytes: number[] = [0x78, 0x9c];
  #byte = 0;
  #count = 0;

  /** A number, its lowest bit first. */
  put(value: number, bits: number): void {
    for (let bit = 0; bit < bits; bit += 1) {
      this.#byte |= ((value >> bit) & 1) << this.#count;
      this.#count += 1;
      if (this.#count < 8) continue;
      this.bytes.push(this.#byte);
      this.#byte = 0;
      this.#count = 0;
    }
  }

  /** Zeros up to the next byte. */
  align(): void {
    while (this.#count > 0) this.put(0, 1);
  }
}

const CODE_LENGTHS = 18;
const DYNAMIC = 0b10;
const STORED = 0b00;

/** An empty block with code tables of its own (RFC 1951 section 3.2.7): 257 literals and one distance, of which two have codes. */
function putEmptyBlock(bits: BitWriter): void {
  bits.put(0, 1);
  bits.put(DYNAMIC, 2);
  bits.put(0, 5);
  bits.put(0, 5);
  bits.put(CODE_LENGTHS - 4, 4);
  // In their order the third stands for a run of zeros and the last for a length of 1; their codes are 1 and 0.
  for (let index = 0; index < CODE_LENGTHS; index += 1) bits.put(index === 2 || index === CODE_LENGTHS - 1 ? 1 : 0, 3);
  for (const zeros of [138, 118]) {
    bits.put(1, 1);
    bits.put(zeros - 11, 7);
  }
  // The lengths of the code for the end of a block, and of the one distance; then the end.
  bits.put(0, 3);
}

/**
 * The most expensive packet of about `length` bytes: the first of a zlib stream, with thousands of code tables to be built, that stands
 * for `payload` alone.
 */
export function codeTablePacket(length: number, payload: Uint8Array): Buffer {
  const bits = new BitWriter();
  while (bits.bytes.length < length) putEmptyBlock(bits);
  bits.put(0, 1);
  bits.put(STORED, 2);
  bits.align();
  bits.put(payload.length, 16);
  bits.put(~payload.length & 0xffff, 16);
  return Buffer.concat([Buffer.from(bits.bytes), payload]);
}
