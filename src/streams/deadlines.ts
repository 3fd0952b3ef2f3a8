import type { Extension } from './counter-store.js';

/** A key that is not over yet. */
interface Deadline {
  readonly id: string;
  endsAt: number;
  /** Where it stands in the heap. */
  place: number;
}

/** Keys over and done with that are forgotten per call: more than one, so that they go faster than they come. */
const SWEEP = 2;

/**
 * Keys with the time that is left on each, and a bound on how many.
 *
 * Once there are too many, a new key takes the place of the one that runs out first. So whoever wants to lift a ban by
 * pushing it out needs as many bans of at least its length as there are places; and since the newcomer itself always
 * stays, a table full of long bans still bans the next offender.
 *
 * A binary heap, soonest first, in which each key knows its place: every step costs the logarithm of the number of keys.
 */
export class Deadlines {
  readonly #maxKeys: number;
  readonly #byId = new Map<string, Deadline>();
  readonly #heap: Deadline[] = [];

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** As {@link CounterStore.extend}. */
  extend(id: string, { addMs, maxMs, now }: Extension): number {
    this.#sweep(now);
    const known = this.#byId.get(id);
    // Never more than allowed, even if the clock was set back and what is left seems to have grown.
    const left = Math.min((known === undefined ? 0 : Math.max(0, known.endsAt - now)) + addMs, maxMs);
    if (left <= 0) {
      this.#forget(known);
      return 0;
    }
    if (known === undefined) {
      if (this.#heap.length >= this.#maxKeys) this.#forget(this.#heap[0]);
      const added = { id, endsAt: now + left, place: this.#heap.length };
      this.#byId.set(id, added);
      this.#heap.push(added);
      this.#rise(added);
    } else {
      known.endsAt = now + left;
      this.#rise(known);
      this.#sink(known);
    }
    return left;
  }

  delete(id: string): void {
    this.#forget(this.#byId.get(id));
  }

  #sweep(now: number): void {
    for (let left = SWEEP; left > 0; left -= 1) {
      const [first] = this.#heap;
      if (first === undefined || first.endsAt > now) return;
      this.#forget(first);
    }
  }

  #forget(deadline: Deadline | undefined): void {
    if (deadline === undefined) return;
    this.#byId.delete(deadline.id);
    const last = this.#heap.pop();
    if (last === undefined || last === deadline) return;
    this.#put(last, deadline.place);
    this.#rise(last);
    this.#sink(last);
  }

  /** Moves towards the front until nothing before it ends later. */
  #rise(deadline: Deadline): void {
    while (deadline.place > 0) {
      const place = (deadline.place - 1) >> 1;
      const parent = this.#heap[place];
      if (parent === undefined || parent.endsAt <= deadline.endsAt) return;
      this.#put(parent, deadline.place);
      this.#put(deadline, place);
    }
  }

  /** Moves towards the back until nothing behind it ends sooner. */
  #sink(deadline: Deadline): void {
    for (;;) {
      const { place } = deadline;
      const left = this.#heap[2 * place + 1];
      const right = this.#heap[2 * place + 2];
      const sooner = left !== undefined && right !== undefined && right.endsAt < left.endsAt ? right : left;
      if (sooner === undefined || sooner.endsAt >= deadline.endsAt) return;
      this.#put(deadline, sooner.place);
      this.#put(sooner, place);
    }
  }

  #put(deadline: Deadline, place: number): void {
    this.#heap[place] = deadline;
    deadline.place = place;
  }
}
