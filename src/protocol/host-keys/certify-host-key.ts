import type { HostCertificate } from '../../transport/host-keys/host-certificate.js';
import { hostKeyError } from '../../transport/host-keys/host-key-error.js';
import type { HostKey } from '../../transport/host-keys/host-key.js';
import { readCertificate } from '../authentication/read-certificate.js';

/** Options of {@link certifyHostKey}. */
export interface CertifyHostKeyOptions {
  /** Names the certificate in error messages. Default `host certificate`. */
  readonly source?: string;
}

/** The line of a file that `ssh-keygen -s` writes. */
const LINE = /^\s*[\w@.-]+-cert-v01@openssh\.com[ \t]+([A-Za-z0-9+/]+={0,2})(?:\s|$)/u;

/**
 * Gives a host key the certificate that an authority has made for it (`ssh-keygen -s CA -h -I NAME -n HOST KEY.pub`; OpenSSH
 * PROTOCOL.certkeys).
 *
 * Clients that trust the authority, by `@cert-authority` in their known_hosts, then know the server without having seen its key; to
 * others the key is shown as before. Outside of its time a certificate is not shown; the server warns of it.
 *
 * @param certificate - The line of the `-cert.pub` file, or the wire form
 * @returns a new host key; the one given is not changed
 * @throws SshServerError `ERR_SSH_HOST_KEY` if the certificate is damaged, is of a user, is for another key, or its authority has not
 *   signed it or has signed it with SHA-1
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 *
 * const key = await loadHostKey('state/ssh_host_ed25519_key');
 * const hostKey = certifyHostKey(key, await readFile('state/ssh_host_ed25519_key-cert.pub', 'utf8'));
 * ```
 */
export function certifyHostKey(
  hostKey: HostKey,
  certificate: string | Uint8Array,
  { source = 'host certificate' }: CertifyHostKeyOptions = {},
): HostKey {
  const reading = readCertificate(blobOf(certificate, source), { holder: 'host' });
  if ('fault' in reading) throw hostKeyError(source, reading.fault);
  const { blob, certificate: content } = reading.key;
  if (!hostKey.publicBlob.equals(content.publicKey)) {
    throw hostKeyError(source, `the certificate is for another key than ${hostKey.fingerprint}`);
  }
  // Options of hosts are not defined, and one that is critical must not be passed over.
  const [critical] = content.criticalOptions;
  if (critical !== undefined) {
    throw hostKeyError(
      source,
      `the certificate has the critical option ${JSON.stringify(critical.name)}, which hosts have not`,
    );
  }
  const { keyId, serial, principals, validAfter, validBefore } = content;
  const said: HostCertificate = {
    blob,
    keyId,
    serial,
    principals,
    validAfter,
    ...(validBefore === undefined ? {} : { validBefore }),
  };
  return { ...hostKey, certificate: said };
}

function blobOf(certificate: string | Uint8Array, source: string): Uint8Array {
  if (typeof certificate !== 'string') return certificate;
  const [, base64] = LINE.exec(certificate) ?? [];
  if (base64 === undefined)
    throw hostKeyError(source, 'this is no certificate; give the file that ends with -cert.pub');
  return Buffer.from(base64, 'base64');
}
