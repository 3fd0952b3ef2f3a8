import { generateKeyPairSync, sign } from 'node:crypto';

import { fingerprintOf } from '../../../src/transport/host-keys/fingerprint.js';
import type { AuthKey } from '../../../src/streams/events/ssh-user-auth-request.js';
import { wireBytes } from '../../support/wire-bytes.js';

/** A key of which the client has both halves. */
export interface ClientKey {
  /** As it stands in an authentication request. */
  readonly key: AuthKey;
  /** The signature of `data`, as it stands in a request (RFC 8709 section 6). */
  readonly sign: (data: Buffer) => Buffer;
}

/** A new Ed25519 key (RFC 8709). */
export function makeClientKey(): ClientKey {
  const type = 'ssh-ed25519';
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  // What SubjectPublicKeyInfo says of the kind of key comes first; the key itself is the rest.
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const blob = wireBytes(type, [point.length], point);
  return {
    key: { type, blob, fingerprint: fingerprintOf(blob), bits: 256 },
    sign: (data) => {
      const signature = sign(null, data, privateKey);
      return wireBytes(type, [signature.length], signature);
    },
  };
}
