import type { SshChannel } from '../protocol/channels/ssh-channel.js';
import type { Clock } from './clock.js';
import type { Lease, LeaseNarrowing } from './lease.js';
import { Narrowing } from './narrowing.js';

/** What the leases of one connection or channel narrow, by lease. */
export class Narrowings {
  readonly #clock: Clock;
  #byLease: Map<Lease, Narrowing> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `lease` goes by `signal` from now on; without one it narrows nothing any more. `channels` are those it is about. */
  set(lease: Lease, signal: LeaseNarrowing | undefined, channels: Iterable<SshChannel>): void {
    const known = this.#byLease?.get(lease);
    if (signal === undefined) {
      this.#byLease?.delete(lease);
      known?.end();
      return;
    }
    if (known !== undefined) {
      known.apply(signal);
      return;
    }
    const narrowing = new Narrowing(this.#clock);
    // Known before data moves at it, since whoever gets that data may end the lease.
    (this.#byLease ??= new Map()).set(lease, narrowing);
    narrowing.apply(signal);
    for (const channel of channels) narrowing.addTo(channel);
  }

  /** One more channel. */
  addTo(channel: SshChannel): void {
    for (const narrowing of this.#byLease?.values() ?? []) narrowing.addTo(channel);
  }

  /** Everything is as wide as before. */
  end(): void {
    const ending = this.#byLease;
    this.#byLease = undefined;
    for (const narrowing of ending?.values() ?? []) narrowing.end();
  }
}
