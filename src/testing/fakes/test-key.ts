import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';

import { WireWriter } from '../../transport/wire/wire-writer.js';

const TYPE = 'ssh-ed25519';

/** What PKCS #8 writes before the seed of an Ed25519 key (RFC 8410 section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Bytes of the key itself, which stand last in SubjectPublicKeyInfo (RFC 8410 section 4). */
const KEY_BYTES = 32;

/**
 * The line of an Ed25519 public key that belongs to `name`, as in a `.pub` file, with the name as its comment.
 *
 * The same name gives the same key on every machine, and another name another key. A real key, fit for authorized_keys; as anybody
 * can derive it, it must open nothing but tests.
 *
 * @example
 * ```ts
 * const laptop = testKey('ann laptop');
 * const users = fakeDirectory({ ann: { keys: [laptop] } });
 * const proof = authRequest.provenKey('ann', laptop);
 * ```
 *
 * @throws TypeError if the name has a line break, which no line can hold
 */
export function testKey(name: string): string {
  if (/[\r\n]/.test(name)) throw new TypeError('testKey: a name is one line');
  const seed = createHash('sha256').update(`rxsshd test key ${name}`).digest();
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const point = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(-KEY_BYTES);
  const blob = new WireWriter().string(Buffer.from(TYPE)).string(point).finish();
  return `${TYPE} ${blob.toString('base64')} ${name}`.trimEnd();
}
