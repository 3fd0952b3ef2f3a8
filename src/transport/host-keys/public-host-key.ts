import { verify, type KeyObject } from 'node:crypto';

import { fingerprintOf } from './fingerprint.js';
import { hostKeyError } from './host-key-error.js';
import type { HostKeyAlgorithm } from './host-key-type.js';
import type { HostKey } from './host-key.js';
import { publicBlobOf } from './public-blob.js';
import { digestOf, signatureSchemeOf } from './signature-scheme.js';

/** Where a host key came from, and what it is called. */
export interface HostKeyOrigin {
  /** Begins the message of each error: the path of the file, or `host key` for text in memory. */
  readonly source: string;
  readonly comment?: string | undefined;
}

/** What a public key tells of its host key. */
export interface PublicHostKey {
  readonly described: Pick<HostKey, 'type' | 'algorithms' | 'publicBlob' | 'fingerprint' | 'comment'>;
  /** Whether `signature`, in the form of `HostKeySign`, is one over `data`. Never throws. */
  readonly verifies: (data: Uint8Array, signature: Uint8Array, algorithm: HostKeyAlgorithm) => boolean;
}

/**
 * Describes the host key that a public key belongs to.
 *
 * @throws SshServerError `ERR_SSH_HOST_KEY` if the key is of a kind that SSH or this server does not use, or is an RSA key of
 *   fewer than 2048 or more than 16384 bits
 */
export function publicHostKey(publicKey: KeyObject, { source, comment }: HostKeyOrigin): PublicHostKey {
  const scheme = signatureSchemeOf(publicKey);
  if ('fault' in scheme) throw hostKeyError(source, scheme.fault);
  const publicBlob = publicBlobOf(publicKey, scheme.type);
  return {
    described: {
      type: scheme.type,
      algorithms: scheme.algorithms,
      publicBlob,
      fingerprint: fingerprintOf(publicBlob),
      ...(comment === undefined || comment === '' ? {} : { comment }),
    },
    verifies: (data, signature, algorithm) => {
      try {
        return verify(digestOf(algorithm), data, publicKey, signature);
      } catch {
        return false;
      }
    },
  };
}
