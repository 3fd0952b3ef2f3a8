import { wireBytes } from './wire-bytes.js';

/** The name-lists of a KEXINIT (RFC 4253 section 7.1), as a client might send them. */
export interface KexInitLists {
  readonly keyExchange?: readonly string[];
  readonly hostKeys?: readonly string[];
  readonly ciphers?: readonly string[];
  readonly macs?: readonly string[];
  readonly compression?: readonly string[];
}

const DEFAULTS: Required<KexInitLists> = {
  keyExchange: ['curve25519-sha256', 'kex-strict-c-v00@openssh.com'],
  hostKeys: ['ssh-ed25519'],
  ciphers: ['aes128-gcm@openssh.com'],
  macs: ['hmac-sha2-256'],
  compression: ['none'],
};

/** A KEXINIT payload. */
export function kexInit(lists: KexInitLists = {}): Buffer {
  const { keyExchange, hostKeys, ciphers, macs, compression } = { ...DEFAULTS, ...lists };
  const both = (names: readonly string[]): readonly string[] => [names.join(','), names.join(',')];
  return wireBytes(
    20,
    Buffer.alloc(16),
    keyExchange.join(','),
    hostKeys.join(','),
    ...both(ciphers),
    ...both(macs),
    ...both(compression),
    '',
    '',
    0,
    [0],
  );
}

/** A packet as it is before the first key exchange (RFC 4253 section 6): not encrypted, no MAC. */
export function plainPacket(payload: Buffer): Buffer {
  const padding = 8 - ((payload.length + 5) % 8) + 8;
  return wireBytes([1 + payload.length + padding], padding, payload, Buffer.alloc(padding));
}

/** Reads what a server sends before encryption starts: its identification line, then plain packets. */
export class PlainReader {
  #bytes = Buffer.alloc(0);
  #identified = false;

  /** Takes bytes. @returns the payloads they complete */
  push(chunk: Buffer): readonly Buffer[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (!this.#identified) {
      const end = this.#bytes.indexOf('\n');
      if (end === -1) return [];
      this.#identified = true;
      this.#bytes = this.#bytes.subarray(end + 1);
    }
    const payloads: Buffer[] = [];
    while (this.#bytes.length >= 5) {
      const length = this.#bytes.readUInt32BE(0);
      if (this.#bytes.length < 4 + length) break;
      payloads.push(this.#bytes.subarray(5, 4 + length - this.#bytes.readUInt8(4)));
      this.#bytes = this.#bytes.subarray(4 + length);
    }
    return payloads;
  }
}

/** The ten name-lists of a KEXINIT payload, in their order. */
export function namesOf(kexInitPayload: Buffer): readonly (readonly string[])[] {
  const lists: string[][] = [];
  let at = 17;
  for (let count = 0; count < 10; count += 1) {
    const length = kexInitPayload.readUInt32BE(at);
    lists.push(kexInitPayload.toString('latin1', at + 4, at + 4 + length).split(','));
    at += 4 + length;
  }
  return lists;
}
