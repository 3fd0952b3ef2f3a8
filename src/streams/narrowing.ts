import { Pace, type PaceTime } from '../protocol/channels/pace.js';
import type { SshChannel } from '../protocol/channels/ssh-channel.js';
import { after, type Clock } from './clock.js';
import type { LeaseNarrowing } from './lease.js';

/** Beyond this many bytes per second a rate is none. */
const FASTEST = 2 ** 40;

const rateOf = (rate: number): number => (Number.isNaN(rate) ? 1 : Math.min(Math.max(Math.floor(rate), 1), FASTEST));

/**
 * What one lease narrows: how fast the channels that it is about may move data, all of them together.
 *
 * Each direction has one pace, which the channels share in turn. Where several leases narrow a channel, all their paces hold,
 * so the slowest counts.
 */
export class Narrowing {
  readonly #receive: Lane;
  readonly #send: Lane;
  /** The channels, and what stops listening for the end of each. */
  readonly #channels = new Map<SshChannel, () => void>();
  #ended = false;

  constructor(clock: Clock) {
    const time: PaceTime = {
      now: () => clock.now(),
      schedule: (delayMs, work) => {
        const timer = after(clock, delayMs, work);
        return () => {
          timer.unsubscribe();
        };
      },
    };
    this.#receive = new Lane('receive', time);
    this.#send = new Lane('send', time);
  }

  /**
   * Goes by the rates of `narrowing` from now on, instead of those before.
   *
   * Never throws, since signals come from applications: a rate is rounded down, and what is below 1 byte per second or no
   * number counts as 1.
   */
  apply({ receiveBytesPerSecond, sendBytesPerSecond }: LeaseNarrowing): void {
    if (this.#ended) return;
    this.#receive.narrow(receiveBytesPerSecond, [...this.#channels.keys()]);
    this.#send.narrow(sendBytesPerSecond, [...this.#channels.keys()]);
  }

  /** One more channel to share the rates, until it closes. Without effect if it is one of them already. */
  addTo(channel: SshChannel): void {
    if (this.#ended || channel.closed || this.#channels.has(channel)) return;
    const stopListening = channel.whenClosed(() => {
      this.#channels.delete(channel);
      this.#receive.remove(channel);
      this.#send.remove(channel);
    });
    this.#channels.set(channel, stopListening);
    this.#receive.add(channel);
    this.#send.add(channel);
  }

  /** Data moves as before, and nothing is scheduled any more. */
  end(): void {
    this.#ended = true;
    for (const stopListening of this.#channels.values()) stopListening();
    this.#channels.clear();
    this.#receive.narrow(undefined, []);
    this.#send.narrow(undefined, []);
  }
}

/** One direction of a {@link Narrowing}. */
class Lane {
  readonly #direction: 'receive' | 'send';
  readonly #time: PaceTime;
  /** What takes the pace away from each channel. */
  readonly #removals = new Map<SshChannel, () => void>();
  #pace: Pace | undefined;

  constructor(direction: 'receive' | 'send', time: PaceTime) {
    this.#direction = direction;
    this.#time = time;
  }

  narrow(rate: number | undefined, channels: readonly SshChannel[]): void {
    if (rate === undefined) {
      this.#pace = undefined;
      for (const channel of [...this.#removals.keys()]) this.remove(channel);
    } else if (this.#pace === undefined) {
      this.#pace = new Pace(this.#time, rateOf(rate));
      for (const channel of channels) this.add(channel);
    } else {
      this.#pace.bytesPerSecond = rateOf(rate);
    }
  }

  add(channel: SshChannel): void {
    const pace = this.#pace;
    if (pace === undefined || channel.closed || this.#removals.has(channel)) return;
    const remove = channel.addPace(this.#direction, pace);
    // Data may have moved at that, and whoever got it may have closed the channel or ended the lease.
    if (this.#holds(channel, pace)) this.#removals.set(channel, remove);
    else remove();
  }

  remove(channel: SshChannel): void {
    const remove = this.#removals.get(channel);
    this.#removals.delete(channel);
    remove?.();
  }

  #holds(channel: SshChannel, pace: Pace): boolean {
    return this.#pace === pace && !channel.closed;
  }
}
