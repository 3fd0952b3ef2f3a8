/** A number is one byte, text a `string` with its length, an array `[n]` a `uint32`, a Buffer itself. */
export type WirePart = number | string | readonly [number] | Buffer;

/** Bytes written out part by part, as the RFCs list them. Knows nothing of the code under test. */
export function wireBytes(...parts: readonly WirePart[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'number') return Buffer.of(part);
      if (Buffer.isBuffer(part)) return part;
      if (typeof part !== 'string') return uint32(part[0]);
      return Buffer.concat([uint32(Buffer.byteLength(part)), Buffer.from(part)]);
    }),
  );
}

function uint32(value: number): Buffer {
  return Buffer.of((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}
