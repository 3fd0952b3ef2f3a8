import type { RecoveryCodeStore } from './recovery-code-store.js';

/** Recovery codes in the memory of this process: for tests, and for servers whose codes may come back when they start anew. */
export class MemoryRecoveryCodes implements RecoveryCodeStore {
  readonly #digests = new Map<string, Set<string>>();

  /** Gives an account these codes and no others. */
  set(account: string, digests: Iterable<string>): void {
    this.#digests.set(account, new Set(digests));
  }

  /** How many an account has left. */
  remaining(account: string): number {
    return this.#digests.get(account)?.size ?? 0;
  }

  take(account: string, digest: string): boolean {
    return this.#digests.get(account)?.delete(digest) ?? false;
  }
}
