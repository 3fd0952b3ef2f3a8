import { createPrivateKey, type KeyObject } from 'node:crypto';

import type { ParsedKey } from 'ssh2';

import { parseKey } from '../engine/ssh2-internals.js';
import type { SshServerError } from '../../errors.js';
import { hostKeyError } from './host-key-error.js';
import { createHostKey, type HostKey } from './host-key.js';
import { readOpenSshPrivateKeyHeader } from './openssh-private-key.js';

/** Options of {@link parseHostKey}. */
export interface ParseHostKeyOptions {
  /** Opens an encrypted key. Ignored if the key is not encrypted; an empty one counts as none. */
  readonly passphrase?: string | Uint8Array;
  /** Names the key in error messages. Default `host key`. */
  readonly source?: string;
}

interface PemBlock {
  /** What stands after BEGIN, such as `OPENSSH PRIVATE KEY`. */
  readonly label: string;
  readonly text: string;
}

/**
 * Parses a private key: OpenSSH form (`ssh-keygen`), or PEM as PKCS #1, PKCS #8 or SEC 1 (`openssl`).
 *
 * Opening an encrypted OpenSSH key is slow by design and blocks the event loop for a second or so.
 *
 * @throws SshServerError `ERR_SSH_HOST_KEY` if the text is not a private key, is encrypted and `passphrase` does not
 *   open it, or is of a kind that SSH or this server does not use.
 */
export function parseHostKey(key: string | Uint8Array, options: ParseHostKeyOptions = {}): HostKey {
  const { source = 'host key' } = options;
  const passphrase = options.passphrase === undefined ? undefined : Buffer.from(options.passphrase);
  const opening = passphrase?.length === 0 ? undefined : passphrase;

  const text = typeof key === 'string' ? key : Buffer.from(key).toString('utf8');
  const block = privateKeyBlock(text);
  if (block === undefined) throw hostKeyError(source, faultOf(text));
  return block.label === 'OPENSSH PRIVATE KEY' ? openSsh(block, source, opening) : pem(block, source, opening);
}

/** The first block of `text` that holds a private key; `openssl ecparam` puts one with parameters before it. */
function privateKeyBlock(text: string): PemBlock | undefined {
  for (const [block, label = ''] of text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[^]*?-----END \1-----/g)) {
    if (label.endsWith('PRIVATE KEY')) return { label, text: block };
  }
  return undefined;
}

/** Why a text without a private key cannot be a host key. */
function faultOf(text: string): string {
  const start = text.trimStart();
  if (/^(?:ssh|ecdsa|sk)-\S+ |^-----BEGIN (?:[A-Z]+ )?PUBLIC KEY-----|^---- BEGIN SSH2 PUBLIC KEY/.test(start)) {
    return 'this is a public key; give the private key (the file without .pub)';
  }
  if (start.startsWith('PuTTY-User-Key-File')) {
    return 'PuTTY keys are not supported; convert it with puttygen KEY.ppk -O private-openssh -o KEY';
  }
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text)) return 'the private key is cut off: its END line is missing';
  return start === '' ? 'there is no key in it: it is empty' : 'this is not a private key in OpenSSH or PEM form';
}

function openSsh(block: PemBlock, source: string, passphrase: Buffer | undefined): HostKey {
  const header = readOpenSshPrivateKeyHeader(block.text);
  if (header === undefined) throw hostKeyError(source, 'the OpenSSH private key is damaged');
  if (header.keyType === 'ssh-dss') {
    throw hostKeyError(
      source,
      'DSA keys are not supported, nor by current clients; make one with ssh-keygen -t ed25519',
    );
  }
  if (!/^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521))$/.test(header.keyType)) {
    throw hostKeyError(source, `${JSON.stringify(header.keyType)} keys are not host keys; use Ed25519, ECDSA or RSA`);
  }
  if (header.encrypted && passphrase === undefined) throw encryptedError(source);

  const parsed = parseOpenSsh(block.text, passphrase);
  if (parsed instanceof Error) throw header.encrypted ? lockedError(source, parsed) : damagedError(source, parsed);
  return createHostKey(importPem(parsed.getPrivatePEM(), source), { source, comment: parsed.comment });
}

/** The engine's parser, which reports most faults as a value and a few by throwing. */
function parseOpenSsh(text: string, passphrase: Buffer | undefined): ParsedKey | Error {
  try {
    return parseKey(text, passphrase);
  } catch (error) {
    return error instanceof Error ? error : new Error('the key cannot be parsed', { cause: error });
  }
}

function pem(block: PemBlock, source: string, passphrase: Buffer | undefined): HostKey {
  const encrypted = block.label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: *4, *ENCRYPTED/m.test(block.text);
  if (!encrypted) return createHostKey(importPem(block.text, source), { source });
  if (passphrase === undefined) throw encryptedError(source);

  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: block.text, passphrase });
  } catch (error) {
    throw lockedError(source, error);
  }
  return createHostKey(privateKey, { source });
}

function importPem(text: string, source: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw damagedError(source, error);
  }
}

const encryptedError = (source: string): SshServerError =>
  hostKeyError(
    source,
    'the private key is encrypted; give the option "passphrase", or store it without one: ssh-keygen -p -N "" -f KEY',
  );

const lockedError = (source: string, cause: unknown): SshServerError =>
  hostKeyError(source, 'the passphrase does not open the private key, or the file is damaged', cause);

const damagedError = (source: string, cause: unknown): SshServerError =>
  hostKeyError(source, 'the private key cannot be read; the file is damaged', cause);
