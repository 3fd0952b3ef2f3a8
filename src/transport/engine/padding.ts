import { randomFillSync } from 'node:crypto';

import type { EngineCipher } from './ssh2-internals.js';

const POOL_SIZE = 16 * 1024;
const MIN_PADDING = 4;
const HEADER = 5;

const pool = Buffer.allocUnsafeSlow(POOL_SIZE);
let used = POOL_SIZE;

/** Random bytes that were never given out before, made many at a time: one call a packet costs more than the cipher. */
function fillRandomly(target: Buffer, start: number, length: number): void {
  if (used + length > POOL_SIZE) {
    randomFillSync(pool);
    used = 0;
  }
  pool.copy(target, start, used, used + length);
  used += length;
}

/** How a cipher lays out packets (RFC 4253 section 6). */
interface Layout {
  /** Length and padding fill a multiple of this. */
  readonly blockSize: number;
  /** Bytes in front that do not count towards it: the length field, where it is not encrypted. */
  readonly uncounted: number;
  /** Room for the tag or MAC, if the cipher writes it into the packet. */
  readonly trailer: number;
}

function layoutOf(cipher: EngineCipher): Layout {
  const { name } = cipher.constructor;
  // Before the first key exchange: no encryption, no MAC, and the length counts.
  if (name === 'NullCipher') return { blockSize: 8, uncounted: 0, trailer: 0 };
  return {
    blockSize: cipher._encBlockLen ?? (name.startsWith('ChaCha') ? 8 : 16),
    uncounted: cipher._aadLen ?? 4,
    trailer: name.endsWith('Binding') ? (cipher._macLen ?? 16) : 0,
  };
}

/** Makes `cipher` pad its packets from a pool of random bytes. Packets have the layout that the engine gives them. */
export function padFromPool(cipher: EngineCipher): void {
  const { blockSize, uncounted, trailer } = layoutOf(cipher);
  cipher.allocPacket = (payloadLength) => {
    const unpadded = HEADER + payloadLength;
    let padding = blockSize - ((unpadded - uncounted) & (blockSize - 1));
    if (padding < MIN_PADDING) padding += blockSize;

    const packet = Buffer.allocUnsafe(unpadded + padding + trailer);
    packet.writeUInt32BE(unpadded + padding - 4, 0);
    packet[4] = padding;
    fillRandomly(packet, unpadded, padding);
    return packet;
  };
}
