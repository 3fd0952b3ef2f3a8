import { randomBytes, type KeyObject } from 'node:crypto';

import { WireReader } from '../wire/wire-reader.js';
import { WireWriter } from '../wire/wire-writer.js';
import type { HostKeyType } from './host-key-type.js';
import { curveNameOf, jwkBytes, pointOf } from './public-blob.js';

// The format is described in PROTOCOL.key of the OpenSSH source.
const MAGIC = Buffer.from('openssh-key-v1\0', 'latin1');
const BEGIN = '-----BEGIN OPENSSH PRIVATE KEY-----';
const END = '-----END OPENSSH PRIVATE KEY-----';
const LINE_LENGTH = 70;

/** The private part is padded to whole blocks of the cipher; `none` counts as 8 bytes. */
const BLOCK_BYTES = 8;

/** What an OpenSSH private key tells without being opened. */
export interface OpenSshPrivateKeyHeader {
  readonly keyType: string;
  readonly encrypted: boolean;
  /** How often the passphrase is hashed; 0 for a key that is not encrypted. */
  readonly rounds: number;
}

/** Reads the open part of an OpenSSH private key; undefined if the text is damaged or holds several keys. */
export function readOpenSshPrivateKeyHeader(text: string): OpenSshPrivateKeyHeader | undefined {
  const start = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (start < 0 || end < 0) return undefined;

  const reader = new WireReader(Buffer.from(text.slice(start + BEGIN.length, end), 'base64'));
  if (!reader.bytes(MAGIC.length).equals(MAGIC)) return undefined;
  const cipher = reader.ascii();
  reader.ascii(); // key derivation function
  const options = new WireReader(reader.string());
  options.string(); // salt
  const rounds = options.uint32();
  const keys = reader.uint32();
  const keyType = new WireReader(reader.string()).ascii();
  return reader.ok && keys === 1 && keyType !== '' ? { keyType, encrypted: cipher !== 'none', rounds } : undefined;
}

/** Writes a private key, not encrypted, in the form that `ssh-keygen` writes and reads. */
export function formatOpenSshPrivateKey(
  privateKey: KeyObject,
  { type, publicBlob }: { readonly type: HostKeyType; readonly publicBlob: Buffer },
  comment: string,
): string {
  const check = randomBytes(4);
  const secret = new WireWriter().bytes(check).bytes(check).ascii(type);
  writeFields(secret, privateKey, type);
  const unpadded = secret.utf8(comment).finish();
  const padding = Uint8Array.from({ length: -unpadded.length & (BLOCK_BYTES - 1) }, (_, index) => index + 1);

  const whole = new WireWriter()
    .bytes(MAGIC)
    .ascii('none') // cipher
    .ascii('none') // key derivation function
    .ascii('') // its options
    .uint32(1)
    .string(publicBlob)
    .string(Buffer.concat([unpadded, padding]))
    .finish();
  const lines = whole.toString('base64').match(new RegExp(`.{1,${String(LINE_LENGTH)}}`, 'g')) ?? [];
  return [BEGIN, ...lines, END, ''].join('\n');
}

function writeFields(writer: WireWriter, privateKey: KeyObject, type: HostKeyType): void {
  const jwk = privateKey.export({ format: 'jwk' });
  switch (type) {
    case 'ssh-ed25519': {
      const publicPart = jwkBytes(jwk.x);
      writer.string(publicPart).string(Buffer.concat([jwkBytes(jwk.d), publicPart]));
      return;
    }
    case 'ssh-rsa':
      for (const field of [jwk.n, jwk.e, jwk.d, jwk.qi, jwk.p, jwk.q]) writer.magnitude(jwkBytes(field));
      return;
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521':
      writer.ascii(curveNameOf(type)).string(pointOf(jwk)).magnitude(jwkBytes(jwk.d));
      return;
  }
}
