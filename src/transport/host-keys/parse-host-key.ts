import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';

import type { ParsedKey } from 'ssh2';

import { parseKey } from '../engine/ssh2-internals.js';
import { derKeyFormOf, importDer } from './der-private-key.js';
import { costlyError, damagedError, encryptedError, hostKeyError, lockedError } from './host-key-error.js';
import { createHostKey, type HostKey } from './host-key.js';
import { readOpenSshPrivateKeyHeader } from './openssh-private-key.js';
import { type Pkcs12Opening, readPkcs12 } from './pkcs12.js';
import type { PrivateKey, PrivateKeyOpening } from './private-key.js';
import { PUTTY_HEADER } from './putty-key-file.js';
import { readPuttyPrivateKey } from './putty-private-key.js';

/** Options of {@link parseHostKey}. */
export interface ParseHostKeyOptions {
  /** Opens an encrypted key. Ignored if the key is not encrypted; an empty one counts as none. */
  readonly passphrase?: string | Uint8Array;
  /**
   * Chooses a key of a PKCS #12 file by the subject of its certificate: the whole of it, such as `CN=host, O=house`, or else a
   * part. `*` is the first. Needed only for a file with several keys.
   */
  readonly subject?: string;
  /** Names the key in error messages. Default `host key`. */
  readonly source?: string;
}

interface PemBlock {
  /** What stands after BEGIN, such as `OPENSSH PRIVATE KEY`. */
  readonly label: string;
  readonly text: string;
}

/** Each takes the time of a tenth of a second or so. OpenSSH takes 16 unless told otherwise. */
const MAX_BCRYPT_ROUNDS = 1000;

const EMPTY = Buffer.alloc(0);

/**
 * Parses a private key: OpenSSH form (`ssh-keygen`), PKCS #1, PKCS #8 or SEC 1 in PEM or DER (`openssl`), PKCS #12 (with the
 * optional package `node-forge`), a JSON Web Key, or PuTTY's form of version 2 or 3.
 *
 * Opening an encrypted key is slow by design and blocks the event loop for a second or so.
 *
 * @throws SshServerError `ERR_SSH_HOST_KEY` if these bytes are not a private key, if it is encrypted and `passphrase` does not
 *   open it, or if it is of a kind that SSH or this server does not use
 */
export function parseHostKey(key: string | Uint8Array, options: ParseHostKeyOptions = {}): HostKey {
  const { source = 'host key', subject } = options;
  const given = options.passphrase === undefined ? EMPTY : Buffer.from(options.passphrase);
  const passphrase = given.length === 0 ? undefined : given;
  const { privateKey, comment } = readPrivateKey(Buffer.from(key), { source, passphrase, subject });
  return createHostKey(privateKey, { source, comment });
}

function readPrivateKey(bytes: Buffer, opening: Pkcs12Opening): PrivateKey {
  const { source, subject = '' } = opening;
  const form = derKeyFormOf(bytes);
  if (form === 'pkcs12') return readPkcs12(bytes, opening);
  if (subject !== '' && subject !== '*') {
    throw hostKeyError(source, 'only a key in a PKCS #12 file has a subject; leave out the option "subject"');
  }
  if (form !== undefined) return { privateKey: importDer(bytes, form, opening) };

  const text = bytes.toString('utf8');
  const block = privateKeyBlock(text);
  if (block !== undefined) return block.label === 'OPENSSH PRIVATE KEY' ? openSsh(block, opening) : pem(block, opening);
  const start = text.trimStart();
  if (start.startsWith(PUTTY_HEADER)) return readPuttyPrivateKey(text, opening);
  if (start.startsWith('{')) return jsonWebKey(start, source);
  throw hostKeyError(source, faultOf(start));
}

/** The first block of `text` that holds a private key; `openssl ecparam` puts one with parameters before it. */
function privateKeyBlock(text: string): PemBlock | undefined {
  for (const [block, label = ''] of text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[^]*?-----END \1-----/g)) {
    if (label.endsWith('PRIVATE KEY')) return { label, text: block };
  }
  return undefined;
}

/** Why a text without a private key cannot be a host key. */
function faultOf(start: string): string {
  if (/^(?:ssh|ecdsa|sk)-\S+ |^-----BEGIN (?:[A-Z]+ )?PUBLIC KEY-----|^---- BEGIN SSH2 PUBLIC KEY/.test(start)) {
    return 'this is a public key; give the private key (the file without .pub)';
  }
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(start)) return 'the private key is cut off: its END line is missing';
  if (start === '') return 'there is no key in it: it is empty';
  return 'this is not a private key in a form that is known (OpenSSH, PEM, DER, PKCS #12, JWK, PuTTY), or it is damaged';
}

function openSsh({ text }: PemBlock, { source, passphrase }: PrivateKeyOpening): PrivateKey {
  const header = readOpenSshPrivateKeyHeader(text);
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
  if (header.rounds > MAX_BCRYPT_ROUNDS) throw costlyError(source);

  const parsed = parseOpenSsh(text, passphrase);
  if (parsed instanceof Error) throw header.encrypted ? lockedError(source, parsed) : damagedError(source, parsed);
  return { privateKey: importPem(parsed.getPrivatePEM(), source), comment: parsed.comment };
}

/** The engine's parser, which reports most faults as a value and a few by throwing. */
function parseOpenSsh(text: string, passphrase: Buffer | undefined): ParsedKey | Error {
  try {
    return parseKey(text, passphrase);
  } catch (error) {
    return error instanceof Error ? error : new Error('the key cannot be parsed', { cause: error });
  }
}

function pem({ label, text }: PemBlock, opening: PrivateKeyOpening): PrivateKey {
  const { source, passphrase } = opening;
  if (label === 'ENCRYPTED PRIVATE KEY') {
    const der = Buffer.from(text.replace(/-----[^-]+-----/gu, ''), 'base64');
    return { privateKey: importDer(der, 'encrypted pkcs8', opening) };
  }
  if (!/^Proc-Type: *4, *ENCRYPTED/mu.test(text)) return { privateKey: importPem(text, source) };
  if (passphrase === undefined) throw encryptedError(source);
  try {
    return { privateKey: createPrivateKey({ key: text, passphrase }) };
  } catch (error) {
    throw lockedError(source, error);
  }
}

function importPem(text: string, source: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw damagedError(source, error);
  }
}

function jsonWebKey(text: string, source: string): PrivateKey {
  try {
    // Anything that is no key is refused below.
    const key = JSON.parse(text) as JsonWebKey;
    return { privateKey: createPrivateKey({ format: 'jwk', key }) };
  } catch (error) {
    throw hostKeyError(source, 'the JSON Web Key is no private key, or it is damaged', withoutText(error));
  }
}

/** What JSON.parse cannot read it quotes, and that may be a part of the key. */
const withoutText = (error: unknown): unknown => (error instanceof SyntaxError ? undefined : error);
