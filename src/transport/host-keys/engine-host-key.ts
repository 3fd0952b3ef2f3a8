import type { EngineHostKey } from '../engine/ssh2-internals.js';
import type { HostKeyAlgorithm } from './host-key-type.js';
import type { HostKey } from './host-key.js';

/** A host key as the engine wants it, for one algorithm; with its certificate in place of the public key if `certificate` is given. */
export function engineHostKey(key: HostKey, algorithm: HostKeyAlgorithm, certificate?: Uint8Array): EngineHostKey {
  const { type, remote, sign } = key;
  const blob = certificate === undefined ? key.publicBlob : Buffer.from(certificate);
  const known = {
    type,
    getPublicSSH: () => blob,
    // OpenSSH PROTOCOL.certkeys: certificates are proved with what signs for the plain key, under its name.
    ...(certificate === undefined ? {} : { signatureAlgorithm: algorithm }),
  };
  if (remote === true) {
    const signLater = async (data: Buffer, signal: AbortSignal): Promise<Buffer> =>
      bufferOf(await sign(data, algorithm, signal));
    return { ...known, sign: () => new Error('this host key takes time to sign'), signLater };
  }
  return {
    ...known,
    // The engine ends the exchange in order on an error that is returned, and not on one that is thrown.
    sign: (data) => {
      try {
        const signature = sign(data, algorithm);
        return signature instanceof Promise ? new Error('this host key takes time to sign') : bufferOf(signature);
      } catch (cause) {
        return cause instanceof Error ? cause : new Error(String(cause));
      }
    },
  };
}

const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
