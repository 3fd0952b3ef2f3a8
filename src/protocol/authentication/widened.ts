/** Puts zeros before a big-endian integer; undefined if it is wider than `width` bytes. */
export function widened(integer: Buffer, width: number): Buffer | undefined {
  if (integer.length > width) return undefined;
  return Buffer.concat([Buffer.alloc(width - integer.length), integer]);
}
