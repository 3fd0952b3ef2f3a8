import { EMPTY, isObservable, type Observable } from 'rxjs';

import type { Held } from './held.js';
import { isLeaseSignal } from './lease-signal.js';
import type { Lease, LeaseNarrowing, LeaseRevocation, LeaseSignal } from './lease.js';
import { PlainLease } from './plain-lease.js';

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
  readonly lease: Lease;
  /** Undefined while the lease begins. */
  giveUp: (() => void) | undefined;
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
  /** Few, so a list: a Map would have to number the leases first. */
  #holds: readonly Hold[] = [];
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
      if (!this.has(lease)) this.#hold(lease);
    }
  }

  /** Whether `lease` is held. */
  has(lease: Lease): boolean {
    return this.#find(lease) !== undefined;
  }

  /** Gives leases up while the granted thing lives on. */
  release(leases: readonly Lease[]): void {
    const released = this.#holds.filter(({ lease }) => leases.includes(lease));
    // First of all, since giving one up may make another speak.
    this.#holds = this.#holds.filter((hold) => !released.includes(hold));
    for (const hold of released) this.#giveUp(hold);
  }

  /** Gives everything up: the granted thing is no more. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    const holds = this.#holds;
    this.#holds = [];
    for (const hold of holds) this.#giveUp(hold);
  }

  #hold(lease: Lease): void {
    const hold: Hold = { lease, giveUp: undefined, narrows: false };
    this.#holds = [...this.#holds, hold];
    try {
      const signal$ = isObservable(lease) ? lease : lease(this.#held);
      // Some only mark a verdict, and a subscription would cost more than all the rest.
      if (signal$ === EMPTY) return;
      const giveUp = this.#begin(lease, signal$);
      if (this.#find(lease) === hold) hold.giveUp = giveUp;
      // It revoked at once, and was given up before there was anything to give up.
      else this.#try(giveUp);
    } catch (cause) {
      this.#lose(lease, cause);
    }
  }

  #begin(lease: Lease, signal$: Observable<LeaseSignal>): () => void {
    const obey = (signal: LeaseSignal): void => {
      this.#obey(lease, signal);
    };
    if (signal$ instanceof PlainLease) return signal$.begin(obey);
    const subscription = signal$.subscribe({
      next: obey,
      error: (cause: unknown) => {
        this.#lose(lease, cause);
      },
    });
    return () => {
      subscription.unsubscribe();
    };
  }

  #obey(lease: Lease, signal: LeaseSignal): void {
    const hold = this.#find(lease);
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
    if (this.#over || !this.has(lease)) return;
    this.#effects.fail(cause);
    this.#revoke({ type: 'revoke', reason: UNCONFIRMED }, lease);
  }

  #find(lease: Lease): Hold | undefined {
    for (const hold of this.#holds) if (hold.lease === lease) return hold;
    return undefined;
  }

  #giveUp({ lease, giveUp, narrows }: Hold): void {
    if (narrows) this.#effects.narrow(lease, undefined);
    if (giveUp !== undefined) this.#try(giveUp);
  }

  /** What a lease throws must keep neither the others nor what they were for from ending. */
  #try(giveUp: () => void): void {
    try {
      giveUp();
    } catch (cause) {
      this.#effects.fail(cause);
    }
  }
}
