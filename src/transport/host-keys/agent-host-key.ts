import { messageOf } from '../../errors.js';
import { WireReader } from '../wire/wire-reader.js';
import { WireWriter } from '../wire/wire-writer.js';
import { exchangeWithAgent } from './agent-exchange.js';
import { hostKeyError } from './host-key-error.js';
import { hostKeyFromSigner } from './host-key-from-signer.js';
import type { HostKeyAlgorithm } from './host-key-type.js';
import type { HostKey } from './host-key.js';
import type { HostKeySigner } from './host-key-signer.js';
import { readSignatureBlob } from './signature-blob.js';

/** Messages of an agent (draft-ietf-sshm-ssh-agent section 6.1). */
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;

/** Flags of a sign request (section 6.2): without them an RSA key would sign with SHA-1. */
const FLAGS: Readonly<Partial<Record<HostKeyAlgorithm, number>>> = { 'rsa-sha2-256': 2, 'rsa-sha2-512': 4 };

/**
 * Makes a host key of a key that an ssh-agent holds: OpenSSH's, or anything that speaks its protocol, such as those of hardware
 * tokens. The documented `HostKeyAgent` of sshd does the same.
 *
 * @param socketPath - Of the agent: what is in `SSH_AUTH_SOCK`
 * @param publicKey - Which of its keys: the line of the `.pub` file, or the wire form
 * @throws SshServerError `ERR_SSH_HOST_KEY` if the agent cannot be reached or does not hold that key
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 *
 * const line = await readFile('/etc/ssh/ssh_host_ed25519_key.pub', 'utf8');
 * const server = await createServer({ hostKeys: [await agentHostKey('/run/host-agent.sock', line)] });
 * ```
 */
export async function agentHostKey(socketPath: string, publicKey: string | Uint8Array): Promise<HostKey> {
  const source = `host key in the agent ${socketPath}`;
  const signer: HostKeySigner = {
    publicKey,
    sign: async (data, algorithm, signal) => {
      const request = new WireWriter()
        .byte(SIGN_REQUEST)
        .string(hostKey.publicBlob)
        .string(data)
        .uint32(FLAGS[algorithm] ?? 0);
      const reader = new WireReader(await exchangeWithAgent(socketPath, request.finish(), signal));
      if (reader.byte() !== SIGN_RESPONSE) throw new Error('the agent refuses to sign');
      const signature = readSignatureBlob(reader.string(), algorithm);
      if (signature === undefined) throw new Error(`the agent does not sign with ${algorithm}`);
      return signature;
    },
  };
  const hostKey = hostKeyFromSigner(signer, { source });
  const held = await identitiesOf(socketPath, source);
  if (!held.some((blob) => blob.equals(hostKey.publicBlob))) {
    throw hostKeyError(source, `it does not hold the key ${hostKey.fingerprint}; add it with ssh-add`);
  }
  return hostKey;
}

async function identitiesOf(socketPath: string, source: string): Promise<readonly Buffer[]> {
  let reply: Buffer;
  try {
    reply = await exchangeWithAgent(socketPath, Buffer.of(REQUEST_IDENTITIES));
  } catch (cause) {
    throw hostKeyError(source, messageOf(cause), cause);
  }
  const reader = new WireReader(reply);
  if (reader.byte() !== IDENTITIES_ANSWER)
    throw hostKeyError(source, 'the agent does not tell its keys; is it locked?');
  const blobs: Buffer[] = [];
  for (let left = reader.uint32(); left > 0 && reader.ok; left -= 1) {
    blobs.push(reader.string());
    reader.string(); // comment
  }
  if (!reader.ok) throw hostKeyError(source, 'the agent answers with what is no list of keys');
  return blobs;
}
