import { createPrivateKey, type KeyObject } from 'node:crypto';

import { DER, readDer } from './der.js';
import { costlyError, damagedError, encryptedError, lockedError } from './host-key-error.js';
import type { PrivateKeyOpening } from './private-key.js';

/** The forms of private keys in DER. */
export type DerKeyForm = 'pkcs1' | 'sec1' | 'pkcs8' | 'encrypted pkcs8' | 'pkcs12';

/** Takes a second or so. Other programs write two thousand to six hundred thousand. */
const MAX_ITERATIONS = 2_000_000;
/** Deeper than a key in a bag in a safe in an envelope. */
const MAX_DEPTH = 24;

/** What `bytes` are: PKCS #1, SEC 1, PKCS #8 or PKCS #12; undefined for anything else. */
export function derKeyFormOf(bytes: Buffer): DerKeyForm | undefined {
  const [whole, ...more] = readDer(bytes) ?? [];
  if (whole?.tag !== DER.SEQUENCE || more.length > 0) return undefined;
  const [first, second] = readDer(whole.content) ?? [];
  if (first?.tag === DER.SEQUENCE && second?.tag === DER.OCTET_STRING) return 'encrypted pkcs8';
  if (first?.tag !== DER.INTEGER || first.content.length !== 1) return undefined;
  const version = first.content[0];
  if (second?.tag === DER.INTEGER) return 'pkcs1';
  if (second?.tag === DER.OCTET_STRING) return version === 1 ? 'sec1' : undefined;
  if (second?.tag !== DER.SEQUENCE) return undefined;
  return version === 3 ? 'pkcs12' : 'pkcs8';
}

/** Imports a private key of one of the plain forms. */
export function importDer(
  key: Buffer,
  form: Exclude<DerKeyForm, 'pkcs12'>,
  { source, passphrase }: PrivateKeyOpening,
): KeyObject {
  if (form !== 'encrypted pkcs8') {
    try {
      return createPrivateKey({ key, format: 'der', type: form });
    } catch (cause) {
      throw damagedError(source, cause);
    }
  }
  if (passphrase === undefined) throw encryptedError(source);
  checkIterations(key, source);
  try {
    return createPrivateKey({ key, format: 'der', type: 'pkcs8', passphrase });
  } catch (cause) {
    throw lockedError(source, cause);
  }
}

/**
 * Refuses what it would take minutes to open: a key file with one bit flipped may ask for as much, and nothing could stop it.
 *
 * @throws SshServerError `ERR_SSH_HOST_KEY`
 */
export function checkIterations(bytes: Buffer, source: string): void {
  if (iterationsOf(bytes, 0) > MAX_ITERATIONS) throw costlyError(source);
}

/**
 * The greatest number of iterations that anything in `bytes` asks for. In all forms of parameters it is an integer behind the salt
 * (RFC 8018 appendix A, RFC 7292 section 4), and nothing else in a key file is.
 */
function iterationsOf(bytes: Buffer, depth: number): number {
  const elements = depth > MAX_DEPTH ? undefined : readDer(bytes);
  let most = 0;
  let hasSalt = false;
  for (const { tag, content } of elements ?? []) {
    if (tag === DER.INTEGER) {
      if (hasSalt) most = Math.max(most, numberOf(content));
      continue;
    }
    if (tag === DER.OCTET_STRING) hasSalt = true;
    // Envelopes are octet strings, and so are salts, which only look like nothing.
    if (tag === DER.OCTET_STRING || isConstructed(tag)) most = Math.max(most, iterationsOf(content, depth + 1));
  }
  return most;
}

const isConstructed = (tag: number): boolean => (tag & 0x20) !== 0;

const numberOf = (integer: Buffer): number => (integer.length === 0 ? 0 : Number(`0x${integer.toString('hex')}`));
