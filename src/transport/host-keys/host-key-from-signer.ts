import { createPublicKey, KeyObject } from 'node:crypto';

import { hostKeyError } from './host-key-error.js';
import type { HostKeySigner } from './host-key-signer.js';
import { checkAlgorithm, type HostKey, type HostKeySign } from './host-key.js';
import { publicKeyOf } from './public-blob.js';
import { publicHostKey } from './public-host-key.js';

/** Options of {@link hostKeyFromSigner}. */
export interface HostKeyFromSignerOptions {
  /** Names the key in error messages. Default `host key`. */
  readonly source?: string;
  /** Shown in lists of keys. Default none, or that of the line of OpenSSH's. */
  readonly comment?: string;
}

/**
 * Makes a host key of a signer. Other connections go on while it signs.
 *
 * What it signs is verified before it is sent, so that clients never see a wrong signature and take it for an attack. A signer that
 * fails, signs wrongly or stays silent for `keyExchangeTimeoutMs` ends the connection with an `Error` event.
 *
 * @example
 * ```ts
 * // Any service that keeps keys; this one stands for them all.
 * const service = await generateHostKey('ecdsa-sha2-nistp256');
 * const hostKey = hostKeyFromSigner({
 *   publicKey: service.hostKey.publicBlob,
 *   sign: async (data, algorithm) => service.hostKey.sign(data, algorithm),
 * });
 * const server = await createServer({ hostKeys: [hostKey], algorithms: 'compatible' });
 * ```
 *
 * @throws SshServerError `ERR_SSH_HOST_KEY` if the public key cannot be read, is not one of a host, or does not sign with one of the
 *   algorithms
 */
export function hostKeyFromSigner(signer: HostKeySigner, options: HostKeyFromSignerOptions = {}): HostKey {
  const { source = 'host key' } = options;
  const read = readPublicKey(signer.publicKey);
  if (read === undefined) throw hostKeyError(source, 'the public key cannot be read');
  const { described, verifies } = publicHostKey(read.key, { source, comment: options.comment ?? read.comment });
  const algorithms = signer.algorithms ?? described.algorithms;
  if (algorithms.length === 0) throw hostKeyError(source, 'its signer has no algorithm');
  try {
    for (const algorithm of algorithms) checkAlgorithm(described, algorithm);
  } catch (cause) {
    throw hostKeyError(
      source,
      cause instanceof Error ? cause.message : 'its signer has an algorithm of other keys',
      cause,
    );
  }

  const known = { ...described, algorithms };
  const sign: HostKeySign = async (data, algorithm, signal = new AbortController().signal) => {
    checkAlgorithm(known, algorithm);
    const signature = await signer.sign(data, algorithm, signal);
    if (!verifies(data, signature, algorithm)) throw new Error('the signature does not fit the public key');
    return signature;
  };
  return { ...known, remote: true, sign };
}

interface ReadPublicKey {
  readonly key: KeyObject;
  readonly comment?: string | undefined;
}

/** A line of OpenSSH's, with its comment. */
const LINE = /^\s*[\w@.-]+[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t]+(.*?))?\s*$/u;

function readPublicKey(given: HostKeySigner['publicKey']): ReadPublicKey | undefined {
  if (given instanceof KeyObject) return given.type === 'public' ? { key: given } : undefined;
  const [, base64, comment] = typeof given === 'string' ? (LINE.exec(given) ?? []) : [];
  const bytes = base64 === undefined ? Buffer.from(given) : Buffer.from(base64, 'base64');
  const key = publicKeyOf(bytes) ?? importSpki(given);
  return key === undefined ? undefined : { key, comment };
}

function importSpki(given: string | Uint8Array): KeyObject | undefined {
  try {
    // Of a private key it would make the public one; but whoever has that needs no signer, and should not lend it here.
    if (typeof given === 'string') return given.includes('PRIVATE KEY') ? undefined : createPublicKey(given);
    return createPublicKey({ key: Buffer.from(given), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}
