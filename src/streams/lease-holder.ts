import { EMPTY, isObservable, type Subscription } from 'rxjs';

import type { Held } from './held.js';
import { isLeaseSignal } from './lease-signal.js';
import type { Lease, LeaseNarrowing, LeaseRevocation, LeaseSignal } from './lease.js';

/** What a held lease may cause. */
export interface LeaseEffects {
  warn(message: string): void;
  /** Told once; `lease` is the one that revoked. */
  revoke(revocation: LeaseRevocation, lease: Lease): void;
  /** `undefined` once the lease has ended: what it narrowed is as wide as before. */
  narrow(lease: Lease, narrowing: LeaseNarrowing | undefined): void;
  /** A lease errored, emitted what is no signal, or threw when it was made or given up. */
  fail(cause: unknown): void;
}

/** A lease that is held. */
interface Hold {
  /** Undefined while the lease is being subscribed. */
  subscription: Subscription | undefined;
  narrows: boolean;
}

/** Told if a lease fails while the grant still stands, since nobody can say any more whether it should. */
const UNCONFIRMED = 'the permission can no longer be confirmed';

/**
 * Holds the leases of one granted thing for as long as it lives.
 *
 * The first revocation counts and ends all of them; a lease that errors or emits what is no signal revokes.
 */
export class LeaseHolder {
  readonly #held: Held;
  readonly #effects: LeaseEffects;
  readonly #leases = new Map<Lease, Hold>();
  #over = false;

  constructor(held: Held, effects: LeaseEffects) {
    this.#held = held;
    this.#effects = effects;
  }

  /** True once a lease has revoked or {@link end} was called: nothing is held any more. */
  get over(): boolean {
    return this.#over;
  }

  /** Holds more leases. Those that are held already stay as they are. */
  add(leases: readonly Lease[]): void {
    for (const lease of leases) {
      if (this.#over) return;
      if (!this.#leases.has(lease)) this.#hold(lease);
    }
  }

  /** Whether `lease` is held. */
  has(lease: Lease): boolean {
    return this.#leases.has(lease);
  }

  /** Gives leases up while the granted thing lives on. */
  release(leases: readonly Lease[]): void {
    const held = leases.map((lease) => [lease, this.#leases.get(lease)] as const);
    // First of all, since giving one up may make another speak.
    for (const lease of leases) this.#leases.delete(lease);
    for (const [lease, hold] of held) if (hold !== undefined) this.#giveUp(lease, hold);
  }

  /** Gives everything up: the granted thing is no more. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    for (const [lease, hold] of this.#leases) this.#giveUp(lease, hold);
    this.#leases.clear();
  }

  #hold(lease: Lease): void {
    const hold: Hold = { subscription: undefined, narrows: false };
    this.#leases.set(lease, hold);
    try {
      const signal$ = isObservable(lease) ? lease : lease(this.#held);
      // Some only mark a verdict, and a subscription would cost more than all the rest.
      if (signal$ === EMPTY) return;
      const subscription = signal$.subscribe({
        next: (signal) => {
          this.#obey(lease, signal);
        },
        error: (cause: unknown) => {
          this.#lose(lease, cause);
        },
      });
      if (this.#leases.get(lease) === hold) hold.subscription = subscription;
      // It revoked at once, and was given up before there was anything to unsubscribe.
      else this.#unsubscribe(subscription);
    } catch (cause) {
      this.#lose(lease, cause);
    }
  }

  #obey(lease: Lease, signal: LeaseSignal): void {
    const hold = this.#leases.get(lease);
    if (this.#over || hold === undefined) return;
    if (!isLeaseSignal(signal)) {
      this.#lose(lease, new TypeError('it emitted something that is no signal'));
      return;
    }
    switch (signal.type) {
      case 'warn':
        this.#effects.warn(signal.message);
        return;
      case 'narrow':
        hold.narrows = true;
        this.#effects.narrow(lease, signal);
        return;
      case 'revoke':
        this.#revoke(signal, lease);
        return;
      default:
        signal satisfies never;
    }
  }

  #revoke(revocation: LeaseRevocation, lease: Lease): void {
    if (this.#over) return;
    this.end();
    this.#effects.revoke(revocation, lease);
  }

  /** The lease can no longer say whether the grant stands. */
  #lose(lease: Lease, cause: unknown): void {
    if (this.#over || !this.#leases.has(lease)) return;
    this.#effects.fail(cause);
    this.#revoke({ type: 'revoke', reason: UNCONFIRMED }, lease);
  }

  #giveUp(lease: Lease, { subscription, narrows }: Hold): void {
    if (narrows) this.#effects.narrow(lease, undefined);
    if (subscription !== undefined) this.#unsubscribe(subscription);
  }

  /** What a lease throws must keep neither the others nor what they were for from ending. */
  #unsubscribe(subscription: Subscription): void {
    try {
      subscription.unsubscribe();
    } catch (cause) {
      this.#effects.fail(cause);
    }
  }
}
