import { parseUserKey } from '../../../src/protocol/authentication/user-key.js';
import { fingerprintOf } from '../../../src/transport/host-keys/fingerprint.js';
import { authKeyOf as shownKeyOf } from '../../../src/streams/auth-request.js';
import type { AuthKey } from '../../../src/streams/events/ssh-user-auth-request.js';

const field = (bytes: Uint8Array): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** An Ed25519 public key of 32 equal bytes, as in an authentication request. Nobody has its private half. */
export function keyOf(byte: number): AuthKey {
  const blob = Buffer.concat([field(Buffer.from('ssh-ed25519')), field(Buffer.alloc(32, byte))]);
  return { type: 'ssh-ed25519', blob, fingerprint: fingerprintOf(blob), bits: 256 };
}

/** The line of an authorized_keys file for `key`. */
export const lineOf = (key: AuthKey, options = ''): string =>
  `${options === '' ? '' : `${options} `}${key.type} ${Buffer.from(key.blob).toString('base64')} comment\n`;

/** A key or a certificate in wire form, as in an authentication request. */
export function authKeyOf(blob: Buffer): AuthKey {
  const key = parseUserKey(blob);
  if (key === undefined) throw new Error('there is no key in these bytes');
  return shownKeyOf(key);
}
