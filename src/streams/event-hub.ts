import { type Observable, Subject } from 'rxjs';

import type { EventStreams } from './event-streams.js';
import type { Denial } from './events/denial.js';
import { SSH_EVENT_TYPES, type SshEvent, type SshEvents, type SshEventType } from './events/ssh-event.js';

type Subjects = { readonly [Type in SshEventType]: Subject<SshEvents[Type]> };

/** The source of a server's {@link EventStreams}: events go in here, once, in order. */
export class EventHub {
  readonly streams: EventStreams;
  /** The denials among `streams.Decided`. To listen to them alone keeps grants from being built. */
  readonly denials: Observable<Denial>;
  readonly #subjects: Subjects;
  readonly #all = new Subject<SshEvent>();
  readonly #denials = new Subject<Denial>();
  /** Events raised by observers while another is being delivered; they wait, so that the order is the same for everybody. */
  readonly #waiting: SshEvent[] = [];
  #delivering = false;

  constructor() {
    const named = SSH_EVENT_TYPES.map((type) => [type, new Subject()] as const);
    // Object.fromEntries forgets the keys; they are exactly SSH_EVENT_TYPES.
    this.#subjects = Object.fromEntries(named) as unknown as Subjects;
    this.streams = {
      // Likewise.
      ...(Object.fromEntries(
        named.map(([type, subject]) => [type, subject.asObservable()]),
      ) as unknown as EventStreams),
      all: this.#all.asObservable(),
    };
    this.denials = this.#denials.asObservable();
  }

  /** Whether anybody would see every event of this type. Ask before building one. */
  wants(type: SshEventType): boolean {
    return this.#all.observed || this.#subjects[type].observed;
  }

  /** Whether anybody would see a `Decided` event of a denial. Ask before building one. */
  wantsDenials(): boolean {
    return this.#denials.observed || this.wants('Decided');
  }

  /** Delivers `event` to its own stream, to `denials` if it is one, and to `all`. */
  emit(event: SshEvent): void {
    if (this.#delivering) {
      this.#waiting.push(event);
      return;
    }
    this.#delivering = true;
    try {
      this.#deliver(event);
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#deliver(next);
    } finally {
      this.#delivering = false;
    }
  }

  /** Completes every stream. */
  complete(): void {
    for (const type of SSH_EVENT_TYPES) this.#subjects[type].complete();
    this.#denials.complete();
    this.#all.complete();
  }

  #deliver(event: SshEvent): void {
    // The subject under the event's own tag takes exactly this event; TypeScript does not correlate the two unions.
    const subject = this.#subjects[event.type] as Subject<SshEvent>;
    if (subject.observed) subject.next(event);
    if (event.type === 'Decided' && event.outcome === 'denied' && this.#denials.observed) this.#denials.next(event);
    if (this.#all.observed) this.#all.next(event);
  }
}
