import type { ApplicationServer } from '../../../src/index.js';
import { type Account, eventFields, type Learned } from './account.js';

/** Takes an account down as things happen. */
export class AccountRecord {
  readonly #learned: Learned[] = [];
  readonly #heard: Record<string, string> = {};
  readonly #events: unknown[] = [];
  #pulse = 0;
  #learnedByActs = 0;

  /** Listens to all that happens in `server`. */
  follow(server: ApplicationServer): void {
    server.events.all.subscribe({
      next: (event) => {
        this.#pulse += 1;
        this.#events.push(eventFields(event));
      },
      complete: () => {
        this.#pulse += 1;
        this.#events.push('complete');
      },
    });
  }

  learn(learned: Learned): void {
    this.#pulse += 1;
    this.#learned.push(learned);
  }

  hear(where: string, text: string): void {
    this.#pulse += 1;
    this.#heard[where] = (this.#heard[where] ?? '') + text;
  }

  /** What is learned from now on is the end of the server. */
  endActs(): void {
    this.#learnedByActs = this.#learned.length;
  }

  /** Something moved that is not told of. */
  stir(): void {
    this.#pulse += 1;
  }

  /** Grows with all that happens. */
  readonly pulse = (): number => this.#pulse;

  get account(): Account {
    return { learned: this.#learned, learnedByActs: this.#learnedByActs, heard: this.#heard, events: this.#events };
  }
}
