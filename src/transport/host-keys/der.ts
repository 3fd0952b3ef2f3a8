/** The tags of ASN.1 that keys are made of (X.690 section 8). */
export const DER = { INTEGER: 0x02, OCTET_STRING: 0x04, OBJECT_IDENTIFIER: 0x06, SEQUENCE: 0x30 } as const;

/** One element of ASN.1 in DER form. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
}

const LONG_FORM = 0x80;
/** Marks a tag that goes on in further bytes; no key has such tags. */
const MANY_BYTES = 0x1f;
/** Lengths of more bytes would be of more than 4 GiB. */
const MAX_LENGTH_BYTES = 4;

/** The elements that `bytes` consist of, to the last byte; undefined if they do not. Contents are views. */
export function readDer(bytes: Buffer): readonly DerElement[] | undefined {
  const elements: DerElement[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0;
    const first = bytes[at + 1];
    if (first === undefined || (tag & MANY_BYTES) === MANY_BYTES) return undefined;
    at += 2;
    let length = first;
    if (first >= LONG_FORM) {
      const count = first - LONG_FORM;
      // 0 is the indefinite length of BER, whose end is marked instead.
      if (count === 0 || count > MAX_LENGTH_BYTES || at + count > bytes.length) return undefined;
      length = bytes.readUIntBE(at, count);
      at += count;
    }
    if (length > bytes.length - at) return undefined;
    elements.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return elements;
}

/** Encodes one element. */
export function writeDer(tag: number, content: Uint8Array): Buffer {
  if (content.length < LONG_FORM) return Buffer.concat([Buffer.of(tag, content.length), content]);
  const hex = content.length.toString(16);
  const length = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.of(tag, LONG_FORM + length.length), length, content]);
}
