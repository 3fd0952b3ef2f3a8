import type { SshEvent } from '../streams/events/ssh-event.js';

/** How many events may wait for one handler, since the client decides how many there are. */
const MAX_WAITING = 256;

/** Events for observers that are not there yet, in order, each with its observer. */
export class WaitingEvents<Observer> {
  readonly #waiting: (readonly [Observer, SshEvent])[] = [];

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** @returns false if too many wait already; the event is left out. */
  add(observer: Observer, event: SshEvent): boolean {
    if (this.#waiting.length >= MAX_WAITING) return false;
    this.#waiting.push([observer, kept(event)]);
    return true;
  }

  /** Delivers all, also those that come while it delivers, so that the order stays. */
  drain(deliver: (observer: Observer, event: SshEvent) => void): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      // Last, since an event that the delivery brings about has to wait for this one.
      deliver(...next);
      this.#waiting.shift();
    }
  }

  clear(): void {
    this.#waiting.length = 0;
  }
}

/** The memory of received data belongs to its packet, which is gone by the time the event is delivered. */
const kept = (event: SshEvent): SshEvent =>
  event.type === 'SSHChannelDataIn' ? { ...event, data: Uint8Array.from(event.data) } : event;
