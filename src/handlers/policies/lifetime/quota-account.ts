import { Observable, type Subscriber, Subscription } from 'rxjs';

import type { Clock } from '../../../streams/clock.js';
import { at } from '../long-timer.js';

/** What a quota counts. */
export type QuotaResource = 'bytes' | 'commands' | 'timeMs';

/** How much of it one identity may use in a window of time. What is left out is not limited. */
export interface QuotaLimits {
  readonly bytes?: number;
  readonly commands?: number;
  readonly timeMs?: number;
  readonly windowMs: number;
  readonly warnAtPercent: number;
}

/** Told to everybody who draws on the account. */
export interface QuotaNotice {
  readonly resource: QuotaResource;
  /** How much is used, rounded down; above 100 never. */
  readonly percent: number;
  /** True if this use cannot go on. */
  readonly exceeded: boolean;
}

const RESOURCES: readonly QuotaResource[] = ['bytes', 'commands', 'timeMs'];

/**
 * What one identity has used in the running window, over all that it holds.
 *
 * Windows are fixed: one begins with the first use after the last has ended, and begins from nothing.
 */
export class QuotaAccount {
  readonly #limits: QuotaLimits;
  readonly #clock: Clock;
  readonly #holders = new Set<Subscriber<QuotaNotice>>();
  readonly #used = { bytes: 0, commands: 0, timeMs: 0 };
  readonly #warned = new Set<QuotaResource>();
  #endsAt = -Infinity;
  /** Up to when the time of the holders is counted. */
  #countedTo = 0;
  #timer = Subscription.EMPTY;

  constructor(limits: QuotaLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Whether forgetting it changes nothing: nobody draws on it and its window is over. */
  get idle(): boolean {
    return this.#holders.size === 0 && this.#clock.now() >= this.#endsAt;
  }

  /** What has nothing left in the running window and would be needed, by a command or without one. Uses nothing. */
  usedUp(commands: 0 | 1): QuotaResource | undefined {
    const now = this.#clock.now();
    if (now >= this.#endsAt) return undefined;
    this.#countTime(now);
    return RESOURCES.find(
      (resource) =>
        this.#used[resource] >= (this.#limits[resource] ?? Infinity) && (resource !== 'commands' || commands > 0),
    );
  }

  /**
   * Draws on the account while it is subscribed, and charges `commands` at once. Emits an `exceeded` notice and
   * completes if something is used up already, with nothing charged; else emits what everybody who draws on it is told.
   */
  draw(commands: 0 | 1): Observable<QuotaNotice> {
    return new Observable((subscriber) => {
      const spent = this.usedUp(commands);
      if (spent !== undefined) {
        subscriber.next({ resource: spent, percent: 100, exceeded: true });
        subscriber.complete();
        return undefined;
      }
      this.#settle();
      this.#holders.add(subscriber);
      // Those who were there have been told before.
      for (const resource of this.#warned) subscriber.next(this.#notice(resource));
      this.#charge('commands', commands);
      this.#setTimer();
      return () => {
        this.#settle();
        this.#holders.delete(subscriber);
        this.#setTimer();
      };
    });
  }

  /** Charges payload that has come or gone. On the hot path. */
  transfer(bytes: number): void {
    if (this.#clock.now() >= this.#endsAt) this.#settle();
    this.#charge('bytes', bytes);
  }

  /** Counts the time up to now, and begins a new window if the last one is over. */
  #settle(): void {
    const now = this.#clock.now();
    if (now < this.#endsAt) {
      this.#countTime(now);
      return;
    }
    Object.assign(this.#used, { bytes: 0, commands: 0, timeMs: 0 });
    this.#warned.clear();
    this.#endsAt = now + this.#limits.windowMs;
    this.#countedTo = now;
  }

  #countTime(now: number): void {
    // A clock that was set back gives nobody time.
    this.#used.timeMs += this.#holders.size * Math.max(0, now - this.#countedTo);
    this.#countedTo = now;
  }

  #charge(resource: QuotaResource, amount: number): void {
    this.#used[resource] += amount;
    const limit = this.#limits[resource];
    if (limit === undefined) return;
    const used = this.#used[resource];
    // Time goes on by itself, so its end is exceeded when it is reached.
    if (used > limit || (resource === 'timeMs' && used >= limit)) this.#tell(this.#notice(resource, true));
    else if (used * 100 >= limit * this.#limits.warnAtPercent && !this.#warned.has(resource)) {
      this.#warned.add(resource);
      this.#tell(this.#notice(resource));
    }
  }

  #notice(resource: QuotaResource, exceeded = false): QuotaNotice {
    const percent = Math.floor((this.#used[resource] * 100) / (this.#limits[resource] ?? Infinity));
    return { resource, percent: Math.min(100, percent), exceeded };
  }

  #tell(notice: QuotaNotice): void {
    for (const holder of [...this.#holders]) holder.next(notice);
  }

  /** One timer for all: up to the warning, the end of the time or the end of the window, whichever comes first. */
  #setTimer(): void {
    this.#timer.unsubscribe();
    const { timeMs, warnAtPercent } = this.#limits;
    const rate = this.#holders.size;
    if (timeMs === undefined || rate === 0) return;
    const next = this.#warned.has('timeMs') ? timeMs : (timeMs * warnAtPercent) / 100;
    // Never at once: that would only repeat itself if a fraction of a millisecond were missing.
    const leftMs = Math.max(1, Math.ceil((next - this.#used.timeMs) / rate));
    this.#timer = at(this.#clock, Math.min(this.#endsAt, this.#countedTo + leftMs)).subscribe(() => {
      this.#settle();
      this.#charge('timeMs', 0);
      this.#setTimer();
    });
  }
}
