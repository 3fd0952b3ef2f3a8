import { concat, concatMap, defer, EMPTY, map, type Observable, range } from 'rxjs';

import type { CounterStore, Extension, HitResult, HitWindow } from '../../../streams/counter-store.js';
import { type Answer, observed } from '../answer.js';
import { askStore } from '../counting/ask-store.js';

/** What leads to a ban, and how long bans are; all times in milliseconds. */
export interface BanTerms {
  /** Failures in `windowMs` that lead to a ban. */
  readonly failures: number;
  readonly windowMs: number;
  /** Length of a first ban. */
  readonly banMs: number;
  /** Length of the longest, at least `banMs`. */
  readonly maxBanMs: number;
  /** From the end of a ban until it is forgotten. */
  readonly forgetMs: number;
}

/** What the store holds of a source. */
type Entry = 'failures' | 'ban' | 'record';

/**
 * The bans of all sources, kept in a counter store and nowhere else, so that several processes share them.
 *
 * Of each source the store holds its failures, the time left on its ban, and its record, one hit for each ban in a row.
 * Every method that changes something is cold, and all fail if the store does.
 */
export class BanLedger {
  readonly #store: CounterStore;
  readonly #name: string;
  readonly #terms: BanTerms;
  /** Bans after which a ban grows no longer. */
  readonly #steps: number;

  /** @param name - what the keys begin with, so that policies with the same name share bans */
  constructor(store: CounterStore, name: string, terms: BanTerms) {
    this.#store = store;
    this.#name = name;
    this.#terms = terms;
    this.#steps = 1 + Math.ceil(Math.log2(terms.maxBanMs / terms.banMs));
  }

  /** How long `source` is still banned, in milliseconds; 0 if it is not. */
  timeLeft(source: string, now: number): Answer<number> {
    return askStore.extend(this.#store, this.#key('ban', source), { addMs: 0, maxMs: this.#terms.maxBanMs, now });
  }

  /** Counts a failure, and bans `source` if it is one too many. */
  fail(source: string, now: number): Observable<unknown> {
    const { failures, windowMs } = this.#terms;
    return this.#hit('failures', source, { limit: failures, windowMs, now }).pipe(
      // Of failures that several processes count at the same moment one takes the last place: one ban, not several.
      concatMap(({ allowed, count }) => (allowed && count >= failures ? this.#ban(source, now) : EMPTY)),
    );
  }

  /** Forgets what `source` has done. */
  lift(source: string): Observable<unknown> {
    return concat(...(['ban', 'failures', 'record'] as const).map((what) => this.#clear(what, source)));
  }

  #ban(source: string, now: number): Observable<unknown> {
    return concat(
      this.#clear('failures', source),
      defer(() => observed(this.timeLeft(source, now))).pipe(
        // Connections that were open before the ban may go on failing; that is still the offence of this ban.
        concatMap((left) => (left > 0 ? EMPTY : this.#begin(source, now))),
      ),
    );
  }

  #begin(source: string, now: number): Observable<unknown> {
    return this.#enter(source, now).pipe(
      concatMap((level) => {
        const { banMs, maxBanMs } = this.#terms;
        const length = Math.min(banMs * 2 ** (level - 1), maxBanMs);
        // Dated so that the record is forgotten `forgetMs` after this ban has run out, although all bans have one window.
        const dated = now + length - maxBanMs;
        return concat(
          this.#extend(source, { addMs: length, maxMs: length, now }),
          // Written anew, the record is forgotten as a whole, not ban by ban.
          this.#clear('record', source),
          range(0, level).pipe(concatMap(() => this.#enter(source, dated))),
        );
      }),
    );
  }

  /** Enters a ban into the record and emits how many there are, up to the number of steps. */
  #enter(source: string, now: number): Observable<number> {
    const { maxBanMs, forgetMs } = this.#terms;
    const window = { limit: this.#steps, windowMs: maxBanMs + forgetMs, now };
    return this.#hit('record', source, window).pipe(map(({ count }) => count));
  }

  #hit(what: Entry, source: string, window: HitWindow): Observable<HitResult> {
    return defer(() => observed(askStore.hit(this.#store, this.#key(what, source), window)));
  }

  #extend(source: string, extension: Extension): Observable<number> {
    return defer(() => observed(askStore.extend(this.#store, this.#key('ban', source), extension)));
  }

  #clear(what: Entry, source: string): Observable<unknown> {
    return defer(() => observed(askStore.clear(this.#store, this.#key(what, source))));
  }

  #key(what: Entry, source: string): string {
    return `${this.#name}/${what}/${source}`;
  }
}
