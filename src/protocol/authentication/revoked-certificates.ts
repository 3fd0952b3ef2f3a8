/** What revocation has to know of a certificate. */
export interface RevocableCertificate {
  /** In decimal. */
  readonly serial: string;
  readonly keyId: string;
}

/** Numbers of certificates, one for each bit that is set, from `offset` on. */
interface SerialBitmap {
  readonly offset: bigint;
  /** Big-endian. */
  readonly bits: Buffer;
}

/** Which certificates of one authority are revoked. */
export class RevokedCertificates {
  readonly #serials = new Set<bigint>();
  readonly #ranges: { readonly first: bigint; readonly last: bigint }[] = [];
  readonly #bitmaps: SerialBitmap[] = [];
  readonly #keyIds = new Set<string>();

  addSerial(serial: bigint): void {
    this.#serials.add(serial);
  }

  /** Both ends included. */
  addRange(first: bigint, last: bigint): void {
    this.#ranges.push({ first, last });
  }

  addBitmap(offset: bigint, bits: Buffer): void {
    this.#bitmaps.push({ offset, bits });
  }

  addKeyId(keyId: string): void {
    this.#keyIds.add(keyId);
  }

  has({ serial, keyId }: RevocableCertificate): boolean {
    if (this.#keyIds.has(keyId)) return true;
    const number = BigInt(serial);
    // What authorities write that do not count: it means no certificate in particular.
    if (number === 0n) return false;
    return (
      this.#serials.has(number) ||
      this.#ranges.some(({ first, last }) => first <= number && number <= last) ||
      this.#bitmaps.some((bitmap) => isSet(bitmap, number))
    );
  }
}

function isSet({ offset, bits }: SerialBitmap, serial: bigint): boolean {
  if (serial < offset) return false;
  const index = serial - offset;
  if (index >= BigInt(bits.length) * 8n) return false;
  const position = Number(index);
  const byte = bits[bits.length - 1 - Math.floor(position / 8)] ?? 0;
  return (byte & (1 << (position % 8))) !== 0;
}
