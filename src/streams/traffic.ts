import { type Observable, Subject } from 'rxjs';

import type { SshChannel } from '../protocol/channels/ssh-channel.js';

/**
 * Tells leases of the payload that moves on the channels of one connection. Made with the first lease that listens: without
 * one, a packet costs a look at an empty field.
 */
export class Traffic {
  readonly #ofConnection = new Subject<number>();
  readonly #ofChannel = new Map<SshChannel, Subject<number>>();

  /** Payload bytes as they move, on all channels. See {@link Held.activity}. */
  get ofConnection(): Observable<number> {
    return this.#ofConnection.asObservable();
  }

  /** Payload bytes as they move, on one channel. */
  ofChannel(channel: SshChannel): Observable<number> {
    let subject = this.#ofChannel.get(channel);
    if (subject === undefined) {
      subject = new Subject();
      this.#ofChannel.set(channel, subject);
    }
    return subject.asObservable();
  }

  /** Payload has moved, either way. */
  moved(channel: SshChannel, bytes: number): void {
    this.#ofChannel.get(channel)?.next(bytes);
    this.#ofConnection.next(bytes);
  }

  /** The channel has closed. */
  endChannel(channel: SshChannel): void {
    this.#ofChannel.get(channel)?.complete();
    this.#ofChannel.delete(channel);
  }

  /** The connection has ended. */
  end(): void {
    for (const channel of [...this.#ofChannel.keys()]) this.endChannel(channel);
    this.#ofConnection.complete();
  }
}
