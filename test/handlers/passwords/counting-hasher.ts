import type { PasswordHasher } from '../../../src/handlers/passwords/password-hasher.js';

/** A hasher that says what it was asked to do, and does nothing that takes time: the hash of `secret` is `$tally$1$secret`. */
export class CountingHasher implements PasswordHasher {
  readonly prefixes: readonly string[];
  readonly decoy: string;
  /** The cost of each verification, in order. */
  readonly costs: string[] = [];
  /** What was hashed anew. */
  readonly hashed: string[] = [];
  readonly #scheme: string;
  readonly #cost: string;
  readonly #work: () => Promise<void>;

  constructor(scheme = 'tally', cost = '1', work = (): Promise<void> => Promise.resolve()) {
    this.#scheme = scheme;
    this.#cost = cost;
    this.#work = work;
    this.prefixes = [`$${scheme}$`];
    this.decoy = this.hashOf('\0nobody knows');
  }

  hashOf(password: string, cost = this.#cost): string {
    return `$${this.#scheme}$${cost}$${password}`;
  }

  async verify(hash: string, password: string): Promise<boolean> {
    const [, , cost = '', known] = hash.split('$');
    if (known === undefined) throw new Error('unreadable');
    this.costs.push(cost);
    await this.#work();
    return known === password;
  }

  async hash(password: string): Promise<string> {
    this.hashed.push(password);
    await this.#work();
    return this.hashOf(password);
  }

  needsRehash(hash: string): boolean {
    return hash.split('$')[2] !== this.#cost;
  }
}
