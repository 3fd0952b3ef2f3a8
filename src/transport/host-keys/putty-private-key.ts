import { createDecipheriv, createHmac, createPrivateKey, type JsonWebKey, timingSafeEqual } from 'node:crypto';

import { WireReader } from '../wire/wire-reader.js';
import { WireWriter } from '../wire/wire-writer.js';
import { damagedError, encryptedError, hostKeyError, lockedError } from './host-key-error.js';
import type { HostKeyType } from './host-key-type.js';
import type { PrivateKey, PrivateKeyOpening } from './private-key.js';
import { base64url, isHostKeyType, jwkBytes, readPublicBlob } from './public-blob.js';
import { type PuttyKeyFile, readPuttyKeyFile } from './putty-key-file.js';
import { type PuttySecrets, puttySecretsOf } from './putty-secrets.js';

const CIPHER_BLOCK = 16;

/**
 * Reads a private key in the form of PuTTY, version 2 or 3.
 *
 * @throws SshServerError `ERR_SSH_HOST_KEY`, also for an encrypted key of version 3 where Node has no Argon2 (before 24.7)
 */
export function readPuttyPrivateKey(text: string, { passphrase, source }: PrivateKeyOpening): PrivateKey {
  const file = readPuttyKeyFile(text);
  if (file === undefined)
    throw hostKeyError(
      source,
      'the PuTTY key is damaged, or of version 1; write it anew: puttygen KEY.ppk -O private-openssh -o KEY',
    );
  if (!isHostKeyType(file.algorithm)) {
    throw hostKeyError(source, `${JSON.stringify(file.algorithm)} keys are not host keys; use Ed25519, ECDSA or RSA`);
  }
  const isEncrypted = file.encryption !== 'none';
  if (isEncrypted && passphrase === undefined) throw encryptedError(source);
  const secrets = puttySecretsOf(file, passphrase ?? Buffer.alloc(0), source);
  const secret = decrypted(file, secrets);
  if (secret === undefined || !isWhole(file, secret, secrets)) throw (isEncrypted ? lockedError : damagedError)(source);
  try {
    const fields = readPublicBlob(file.publicBlob);
    if (fields?.type !== file.algorithm) throw new Error('the public key is of another type');
    const key = { ...fields.jwk, ...privateFields[fields.type](new WireReader(secret), fields.jwk) };
    return { privateKey: createPrivateKey({ format: 'jwk', key }), comment: file.comment };
  } catch (cause) {
    throw damagedError(source, cause);
  }
}

function decrypted({ privateBlob }: PuttyKeyFile, { cipher }: PuttySecrets): Buffer | undefined {
  if (cipher === undefined) return privateBlob;
  if (privateBlob.length % CIPHER_BLOCK !== 0) return undefined;
  const decipher = createDecipheriv('aes-256-cbc', cipher.key, cipher.iv).setAutoPadding(false);
  return Buffer.concat([decipher.update(privateBlob), decipher.final()]);
}

/** The MAC covers all but the header, what was padded included. */
function isWhole(file: PuttyKeyFile, secret: Buffer, { macKey }: PuttySecrets): boolean {
  const covered = new WireWriter()
    .utf8(file.algorithm)
    .utf8(file.encryption)
    .utf8(file.comment)
    .string(file.publicBlob)
    .string(secret)
    .finish();
  const mac = createHmac(file.version === 2 ? 'sha1' : 'sha256', macKey)
    .update(covered)
    .digest();
  return mac.length === file.mac.length && timingSafeEqual(mac, file.mac);
}

type ReadPrivateFields = (reader: WireReader, publicKey: JsonWebKey) => JsonWebKey;

const ED25519_BYTES = 32;

/** A scalar as long as the coordinates, as RFC 7518 section 6.2.2.1 has it. */
const readScalar: ReadPrivateFields = (reader, { x }) => {
  const scalar = reader.magnitude();
  const missing = Math.max(0, jwkBytes(x).length - scalar.length);
  return { d: base64url(Buffer.concat([Buffer.alloc(missing), scalar])) };
};

const privateFields: Readonly<Record<HostKeyType, ReadPrivateFields>> = {
  'ssh-ed25519': (reader) => ({ d: base64url(reader.string().subarray(0, ED25519_BYTES)) }),
  'ecdsa-sha2-nistp256': readScalar,
  'ecdsa-sha2-nistp384': readScalar,
  'ecdsa-sha2-nistp521': readScalar,
  'ssh-rsa': (reader) => {
    const [d, p, q, qi] = [reader.magnitude(), reader.magnitude(), reader.magnitude(), reader.magnitude()];
    // PuTTY leaves out what can be computed.
    const remainder = (prime: Buffer): string => base64url(bytesOf(integerOf(d) % (integerOf(prime) - 1n)));
    return {
      ...{ d: base64url(d), p: base64url(p), q: base64url(q), qi: base64url(qi) },
      ...{ dp: remainder(p), dq: remainder(q) },
    };
  },
};

const integerOf = (magnitude: Buffer): bigint => BigInt(`0x${magnitude.toString('hex') || '0'}`);

function bytesOf(integer: bigint): Buffer {
  const hex = integer.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
}
