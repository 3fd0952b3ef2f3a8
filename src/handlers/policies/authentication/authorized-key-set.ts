import {
  type AuthorizedKey,
  type AuthorizedKeysProblem,
  parseAuthorizedKeys,
  unenforceableOptions,
} from '../../../protocol/authentication/authorized-keys.js';
import { sameKey } from '../../../protocol/authentication/public-key.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import { readExpiryOption } from './key-expiry-option.js';
import { type KeyOrigin, readFromOption } from './key-from-option.js';

/** The form in which a user's keys may be given: the text of an authorized_keys file, or its entries. */
export type AuthorizedKeysSource = string | readonly AuthorizedKey[];

/** One key with what restricts it. */
interface RestrictedKey {
  readonly blob: Buffer;
  readonly origin: KeyOrigin | undefined;
  /** Last millisecond of its life; infinite if nothing limits it. */
  readonly expiresAt: number;
}

/** The options that {@link AuthorizedKeySet} gives effect to. */
const ENFORCED: ReadonlySet<string> = new Set(['from', 'expiry-time']);

/**
 * Keys that may sign in, with the options `from` and `expiry-time` enforced.
 *
 * Options restrict a key, so an entry with any other option is left out: it must not get more than was meant.
 */
export class AuthorizedKeySet {
  readonly #keys: readonly RestrictedKey[];

  /** @param onProblem - Told of each line that was left out, and why. */
  constructor(source: AuthorizedKeysSource, onProblem: (problem: AuthorizedKeysProblem) => void) {
    const { entries, problems } =
      typeof source === 'string' ? parseAuthorizedKeys(source) : { entries: source, problems: [] };
    const keys: RestrictedKey[] = [];
    const found = [...problems];
    for (const entry of entries) {
      const key = restrict(entry);
      if ('fault' in key) found.push({ line: entry.line, message: key.fault });
      else keys.push(key);
    }
    this.#keys = keys;
    for (const problem of found.sort((a, b) => a.line - b.line)) onProblem(problem);
  }

  /** Why a key may not sign in from `address` at the time `now`; undefined if it may. */
  refusal(blob: Uint8Array, address: string, now: number): DenyReason | undefined {
    const offered = { blob: Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength) };
    let admitted = false;
    let elsewhere = false;
    // To the end in any case: the time taken tells nobody where in the list a key stands.
    for (const key of this.#keys) {
      const same = sameKey(key, offered) && now <= key.expiresAt;
      const here = key.origin === undefined || key.origin.admits(address);
      admitted ||= same && here;
      elsewhere ||= same && !here;
    }
    if (admitted) return undefined;
    return elsewhere ? DenyReason.AddressNotAllowed : DenyReason.KeyNotAccepted;
  }
}

function restrict(entry: AuthorizedKey): RestrictedKey | { readonly fault: string } {
  const unenforced = unenforceableOptions(entry, ENFORCED);
  if (unenforced.length > 0) {
    const names = unenforced.map((option) => option.name).join(', ');
    return { fault: `nothing enforces the option ${names}, so the key must not be accepted` };
  }

  let origin: KeyOrigin | undefined;
  let expiresAt = Infinity;
  for (const { name, value = '' } of entry.options) {
    if (name === 'from') {
      const reading = readFromOption(value);
      if ('fault' in reading) return { fault: `option from: ${reading.fault}` };
      origin = reading;
    } else {
      const expiry = readExpiryOption(value);
      if (expiry === undefined) return { fault: 'option expiry-time: the value is not a time' };
      // Given more than once, the earliest counts.
      expiresAt = Math.min(expiresAt, expiry);
    }
  }
  return { blob: entry.blob, origin, expiresAt };
}
