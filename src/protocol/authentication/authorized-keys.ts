import { readKeyOptions, type KeyOption } from './authorized-keys-options.js';
import type { PublicKeyType } from './public-key-fields.js';
import { readPublicKey, type PublicKey } from './public-key.js';

/** One key of an authorized_keys file. */
export interface AuthorizedKey {
  /** Line number, from 1. */
  readonly line: number;
  /** The key type, as the line and the blob both name it. */
  readonly type: PublicKeyType;
  /** The public key in wire form, for comparison with the key of a client. */
  readonly blob: Buffer;
  readonly publicKey: PublicKey;
  /** What follows the key, without surrounding blanks; empty if nothing does. */
  readonly comment: string;
  /**
   * Every option of the line, in its order. Options restrict what the key may do, so whoever cannot enforce one of them
   * must refuse the key.
   */
  readonly options: readonly KeyOption[];
}

/** A line of an authorized_keys file that gives no key, and why. */
export interface AuthorizedKeysProblem {
  /** Line number, from 1. */
  readonly line: number;
  /** For the log of the server. Never holds an option's value. */
  readonly message: string;
}

/** What {@link parseAuthorizedKeys} found, in the order of the lines. */
export interface AuthorizedKeys {
  readonly entries: readonly AuthorizedKey[];
  readonly problems: readonly AuthorizedKeysProblem[];
}

/** Far above any line that holds one key: the longest RSA key accepted here takes 2.7 KiB. */
const MAX_LINE_LENGTH = 65_536;

/** The names that key types have, whether supported or not. No option begins this way. */
const looksLikeKeyType = (word: string): boolean => /^(?:ssh|ecdsa|sk|webauthn|x509v3)-/.test(word);

/**
 * Reads a file in the form of sshd(8), AUTHORIZED_KEYS FILE FORMAT.
 *
 * Blank lines and lines that begin with `#` are skipped. A line that is not understood, or whose key is not supported,
 * becomes a problem and never an entry, and the other lines still count. Never throws.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 *
 * const { entries } = parseAuthorizedKeys(await readFile('authorized_keys', 'utf8'));
 * const unrestricted = entries.filter(({ options }) => options.length === 0);
 * ```
 */
export function parseAuthorizedKeys(text: string): AuthorizedKeys {
  const entries: AuthorizedKey[] = [];
  const problems: AuthorizedKeysProblem[] = [];

  // Editors on Windows begin a file with a byte order mark.
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  for (const [index, raw] of lines.entries()) {
    const line = index + 1;
    if (raw.length > MAX_LINE_LENGTH) {
      problems.push({ line, message: `line is longer than ${String(MAX_LINE_LENGTH)} characters` });
      continue;
    }
    const content = raw.trim();
    if (content === '' || content.startsWith('#')) continue;

    const reading = readLine(content);
    if ('fault' in reading) problems.push({ line, message: reading.fault });
    else entries.push({ line, ...reading });
  }
  return { entries, problems };
}

function readLine(content: string): Omit<AuthorizedKey, 'line'> | { readonly fault: string } {
  let options: readonly KeyOption[] = [];
  let key = content;
  if (!looksLikeKeyType(content)) {
    const end = endOfOptions(content);
    const reading = readKeyOptions(content.slice(0, end));
    if ('fault' in reading) return reading;
    options = reading.options;
    key = content.slice(end).trimStart();
    if (key === '') return { fault: 'no key on this line' };
  }

  const [, type = '', base64 = '', comment = ''] = /^(\S+)(?:\s+(\S+)(?:\s+([^]*))?)?$/.exec(key) ?? [];
  if (!looksLikeKeyType(type)) return { fault: `${shown(type)} is not a key type` };
  if (base64 === '') return { fault: `no key after ${shown(type)}` };
  // Buffer.from skips what is not base64, and so would turn a damaged line into another key.
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return { fault: 'the key is not base64' };

  const reading = readPublicKey(Buffer.from(base64, 'base64'));
  if ('fault' in reading) return reading;
  const { publicKey } = reading;
  if (publicKey.type !== type) return { fault: `the line says ${shown(type)}, the key says ${publicKey.type}` };
  return { type: publicKey.type, blob: publicKey.blob, publicKey, comment, options };
}

/** Index of the first blank outside quotes, where the option list ends; the length of the text if there is none. */
function endOfOptions(text: string): number {
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '\\' && text[at + 1] === '"') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && (character === ' ' || character === '\t')) return at;
  }
  return text.length;
}

/** A word of the file for a message: shortened, and without the control characters that a terminal would obey. */
const shown = (word: string): string => `"${word.slice(0, 40).replace(/[^\x20-\x7e]/g, '?')}"`;
