import { verify } from 'node:crypto';

import { WireReader } from '../../transport/wire/wire-reader.js';
import type { PublicKey } from './public-key.js';
import { widened } from './widened.js';

/** The integers r and s of an ECDSA signature, side by side at full width; undefined if they cannot be read. */
export function readEcdsaPair(reader: WireReader, bits: number): Buffer | undefined {
  const inner = new WireReader(reader.string());
  const width = Math.ceil(bits / 8);
  const r = widened(inner.magnitude(), width);
  const s = widened(inner.magnitude(), width);
  return inner.complete && r !== undefined && s !== undefined ? Buffer.concat([r, s]) : undefined;
}

/** Verifies what {@link readEcdsaPair} has read. */
export const verifyEcdsaPair = (key: PublicKey, digest: string, signed: Buffer, pair: Buffer): boolean =>
  verify(digest, signed, { key: key.keyObject, dsaEncoding: 'ieee-p1363' }, pair);
