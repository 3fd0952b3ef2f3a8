import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

import type { HostKeyType } from './host-key-type.js';
import { createHostKey, type HostKey } from './host-key.js';
import { formatOpenSshPrivateKey } from './openssh-private-key.js';

/** A new host key and the text that keeps it. */
export interface GeneratedHostKey {
  readonly hostKey: HostKey;
  /** The private key, not encrypted, in the form that `ssh-keygen` writes. A secret: keep it out of logs. */
  readonly privateKeyText: string;
}

/** Options of {@link generateHostKey}. */
export interface GenerateHostKeyOptions {
  /** Kept in the key file and shown by `ssh-keygen -l`. Default none. */
  readonly comment?: string;
}

const generate = promisify(generateKeyPair);

const generators: Readonly<Record<HostKeyType, () => Promise<{ readonly privateKey: KeyObject }>>> = {
  'ssh-ed25519': () => generate('ed25519'),
  'ecdsa-sha2-nistp256': () => generate('ec', { namedCurve: 'P-256' }),
  'ecdsa-sha2-nistp384': () => generate('ec', { namedCurve: 'P-384' }),
  'ecdsa-sha2-nistp521': () => generate('ec', { namedCurve: 'P-521' }),
  // The size that ssh-keygen makes: 128 bits of security (NIST SP 800-57 part 1).
  'ssh-rsa': () => generate('rsa', { modulusLength: 3072 }),
};

/**
 * Makes a new host key.
 *
 * @param type - Default `ssh-ed25519`, which every current client knows. RSA keys get 3072 bits and take up to seconds,
 *   off the event loop.
 */
export async function generateHostKey(
  type: HostKeyType = 'ssh-ed25519',
  { comment = '' }: GenerateHostKeyOptions = {},
): Promise<GeneratedHostKey> {
  const generated = await generators[type]();
  // A key of its own, that what generated it knows nothing of: see `generateX25519` for what exporting the other can come to.
  const pkcs8 = generated.privateKey.export({ format: 'der', type: 'pkcs8' });
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  pkcs8.fill(0);
  const hostKey = createHostKey(privateKey, { source: `new ${type} host key`, comment });
  return { hostKey, privateKeyText: formatOpenSshPrivateKey(privateKey, hostKey, comment) };
}
