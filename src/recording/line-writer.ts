import type { SshEvent } from '../streams/events/ssh-event.js';
import { anyEvent } from './fields/event-fields.js';
import { WriteMemory } from './fields/write-memory.js';

/** Makes the lines of a recording that follow its header. Each ends with a line feed, and none has another. */
export class LineWriter {
  readonly #memory = new WriteMemory();

  /**
   * An event. What it says in full, later lines refer to: call {@link forget} if it is not written after all.
   *
   * @throws RangeError if it is no event of this package.
   */
  event(seq: number, at: number, event: SshEvent): string {
    this.#memory.begin(seq);
    const text = anyEvent.write(event, this.#memory);
    this.#memory.end(event);
    return `{"seq":${String(seq)},"at":${String(at)},"event":${text}}\n`;
  }

  /** A gap: so many events were dropped here. */
  dropped(count: number, at: number): string {
    return `{"dropped":${String(count)},"at":${String(at)}}\n`;
  }

  /** Lines from here on refer to none before, which may be in another file or lost. */
  forget(): void {
    this.#memory.forget();
  }
}
