import { createHash } from 'node:crypto';

import type { Clock } from '../../../streams/clock.js';
import { QuotaAccount, type QuotaLimits } from './quota-account.js';

/** An account, and when to look whether it can be forgotten. */
interface Entry {
  readonly account: QuotaAccount;
  readonly lookAt: number;
}

/** Keys up to this length are kept as they are, longer ones as a digest, so that a peer cannot fill memory with names. */
const MAX_KEY_LENGTH = 64;

/**
 * The accounts of a quota, in the memory of this process and bounded.
 *
 * An account with use in its window is never forgotten, since that would be a gift of the whole quota; while there are `maxKeys`
 * of these, there is no account for anybody else.
 */
export class QuotaLedger {
  readonly #limits: QuotaLimits;
  readonly #maxKeys: number;
  /** The one to look at next comes first. */
  readonly #entries = new Map<string, Entry>();

  constructor(limits: QuotaLimits, maxKeys: number) {
    this.#limits = limits;
    this.#maxKeys = maxKeys;
  }

  /** Accounts remembered right now. */
  get size(): number {
    return this.#entries.size;
  }

  /** The account of `key`, if it has one. */
  find(key: string): QuotaAccount | undefined {
    return this.#entries.get(identify(key))?.account;
  }

  /** Whether there is no account for one more key. */
  isFull(clock: Clock): boolean {
    this.#sweep(clock.now());
    return this.#entries.size >= this.#maxKeys;
  }

  /** The account of `key`, a new one if need be; undefined if there is no place for it. */
  open(key: string, clock: Clock): QuotaAccount | undefined {
    const known = this.find(key);
    if (known !== undefined) return known;
    if (this.isFull(clock)) return undefined;
    const account = new QuotaAccount(this.#limits, clock);
    this.#entries.set(identify(key), { account, lookAt: clock.now() + this.#limits.windowMs });
    return account;
  }

  /** Forgets what can be forgotten. Looks at each account once a window, so on average at less than one a call. */
  #sweep(now: number): void {
    for (const [id, { account, lookAt }] of this.#entries) {
      if (now < lookAt) return;
      this.#entries.delete(id);
      if (!account.idle) this.#entries.set(id, { account, lookAt: now + this.#limits.windowMs });
    }
  }
}

/** A digest is longer than any key that is kept as it is, so the two never meet. */
const identify = (key: string): string =>
  key.length <= MAX_KEY_LENGTH ? key : `#${createHash('sha256').update(key, 'utf8').digest('hex')}`;
