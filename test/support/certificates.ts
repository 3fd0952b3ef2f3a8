import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

import { WireReader } from '../../src/transport/wire/wire-reader.js';
import { WireWriter } from '../../src/transport/wire/wire-writer.js';

/** An Ed25519 key pair of a user or an authority, in wire form. */
export interface WireKey {
  readonly blob: Buffer;
  readonly privateKey: KeyObject;
  /** A signature as requests and certificates have it (RFC 8709 section 6). */
  readonly sign: (data: Uint8Array) => Buffer;
}

export function makeWireKey(): WireKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  return {
    blob: new WireWriter().ascii('ssh-ed25519').string(point).finish(),
    privateKey,
    sign: (data) =>
      new WireWriter()
        .ascii('ssh-ed25519')
        .string(sign(null, data, privateKey))
        .finish(),
  };
}

/** An option of a certificate: text, the name alone, or bytes that are packed as they are. */
export type OptionValue = string | true | Uint8Array;

/** What a certificate says. All times in seconds since the epoch. */
export interface CertificateContent {
  readonly key: Buffer;
  readonly authority: WireKey;
  readonly serial?: bigint;
  readonly type?: number;
  readonly keyId?: string;
  readonly principals?: readonly string[];
  readonly validAfter?: bigint;
  readonly validBefore?: bigint;
  readonly criticalOptions?: Readonly<Record<string, OptionValue>> | Buffer;
  readonly extensions?: Readonly<Record<string, OptionValue>> | Buffer;
  /** Stands behind what the authority signs, instead of its key. */
  readonly authorityBlob?: Buffer;
  readonly signature?: Buffer;
}

/** A certificate of OpenSSH PROTOCOL.certkeys, written out so that it does not depend on the code under test. */
export function makeCertificate(content: CertificateContent): Buffer {
  const { key, authority, serial = 1n, type = 1, keyId = 'ann@desk', principals = ['ann'] } = content;
  const { validAfter = 0n, validBefore = 2n ** 64n - 1n, criticalOptions = {}, extensions = {} } = content;
  const reader = new WireReader(key);
  const name = reader.ascii().replace(/@openssh\.com$/, '');
  const list = new WireWriter();
  for (const principal of principals) list.utf8(principal);
  const signed = new WireWriter()
    .ascii(`${name}-cert-v01@openssh.com`)
    .string(Buffer.alloc(32, 5))
    .bytes(reader.rest())
    .uint64(serial)
    .uint32(type)
    .utf8(keyId)
    .string(list.finish())
    .uint64(validAfter)
    .uint64(validBefore)
    .string(packed(criticalOptions))
    .string(packed(extensions))
    .string(Buffer.alloc(0))
    .string(content.authorityBlob ?? authority.blob)
    .finish();
  const signature = content.signature ?? authority.sign(signed);
  return new WireWriter().bytes(signed).string(signature).finish();
}

function packed(options: Readonly<Record<string, OptionValue>> | Buffer): Buffer {
  if (Buffer.isBuffer(options)) return options;
  const writer = new WireWriter();
  for (const [name, value] of Object.entries(options)) {
    writer.utf8(name);
    if (value === true) writer.string(Buffer.alloc(0));
    else writer.string(typeof value === 'string' ? new WireWriter().utf8(value).finish() : value);
  }
  return writer.finish();
}
