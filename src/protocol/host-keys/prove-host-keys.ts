import type { HostKeyAlgorithm } from '../../transport/host-keys/host-key-type.js';
import type { HostKey } from '../../transport/host-keys/host-key.js';
import { signatureBlobOf } from '../../transport/host-keys/signature-blob.js';
import { WireWriter } from '../../transport/wire/wire-writer.js';

/** What a proof is made of. */
export interface HostKeyProofParts {
  /** The public keys that the client has asked about, in wire form. */
  readonly asked: readonly Uint8Array[];
  /** The server's own. */
  readonly keys: readonly HostKey[];
  readonly sessionId: Uint8Array;
  /** The signature algorithm of the last key exchange. */
  readonly negotiated: string;
  readonly signal: AbortSignal;
}

/**
 * Proves host keys to a client (`hostkeys-prove-00@openssh.com`, OpenSSH PROTOCOL section 2.5): for each a signature over the name of
 * the request, the session and the key.
 *
 * An RSA key signs with the algorithm that the key exchange has used, if that was one of RSA, and with SHA-512 otherwise.
 *
 * @returns the data of the reply, one signature for each key in the order asked; undefined if one of the keys is none of the
 *   server's, none is asked about, or one is twice
 */
export async function proveHostKeys(parts: HostKeyProofParts): Promise<Buffer | undefined> {
  const { asked, keys, sessionId, negotiated, signal } = parts;
  // All of them are looked up first: a signature for nothing is work for nothing.
  const found = new Set(asked.flatMap((blob) => keys.find((key) => key.publicBlob.equals(blob)) ?? []));
  if (found.size === 0 || found.size < asked.length) return undefined;
  const writer = new WireWriter();
  for (const key of found) {
    // The name of a certificate's algorithm begins with that of the key's.
    const algorithm = key.algorithms.find((it) => negotiated.startsWith(it)) ?? key.algorithms[0];
    if (algorithm === undefined) return undefined;
    writer.string(await signatureOf(key, algorithm, sessionId, signal));
  }
  return writer.finish();
}

async function signatureOf(
  key: HostKey,
  algorithm: HostKeyAlgorithm,
  sessionId: Uint8Array,
  signal: AbortSignal,
): Promise<Buffer> {
  const data = new WireWriter()
    .ascii('hostkeys-prove-00@openssh.com')
    .string(sessionId)
    .string(key.publicBlob)
    .finish();
  return signatureBlobOf(await key.sign(data, algorithm, signal), algorithm);
}
