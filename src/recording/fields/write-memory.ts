import type { ConnectionInfo } from '../../streams/connection-info.js';
import type { SshEvent } from '../../streams/events/ssh-event.js';
import type { SshRequest } from '../../streams/events/ssh-request.js';
import { endsConnection } from './ends-connection.js';
import { isRequest } from './is-request.js';

/** That a connection was written in full. Each time it is, there is another one of these. */
interface Mention {
  readonly epoch: number;
}

interface WrittenRequest {
  readonly seq: number;
  /** The mention of its connection under which it was written. */
  readonly under: Mention | undefined;
}

/**
 * What earlier lines have said in full, so that later ones may refer to it: connections by their ids, requests by the numbers
 * of their lines.
 *
 * Holds nothing alive: what the server forgets, this forgets.
 */
export class WriteMemory {
  /** Number of the line that is being written. */
  #seq = 0;
  #epoch = 0;
  readonly #mentions = new WeakMap<ConnectionInfo, Mention>();
  readonly #requests = new WeakMap<SshRequest, WrittenRequest>();

  /** The line of number `seq` is written next. */
  begin(seq: number): void {
    this.#seq = seq;
  }

  /** `event` was written as the line begun last. */
  end(event: SshEvent): void {
    if (isRequest(event)) this.#note(event, this.#seq);
    else if (endsConnection(event) && 'connection' in event) this.#mentions.delete(event.connection);
  }

  /** Lines from here on may be read without those before, or those may be lost: none is referred to any more. */
  forget(): void {
    this.#epoch += 1;
  }

  /** Whether `connection` is known by its id. If not, it is from now on. */
  mention(connection: ConnectionInfo): boolean {
    if (this.#mentionOf(connection) !== undefined) return true;
    this.#mentions.set(connection, { epoch: this.#epoch });
    return false;
  }

  /** The number by which `request` is known, and whether that says all. If not, it does from now on. */
  refer(request: SshRequest): { readonly seq: number; readonly isWritten: boolean } {
    const written = this.#requests.get(request);
    const mention = this.#mentionOf(request.connection);
    if (written !== undefined && mention !== undefined && written.under === mention) {
      return { seq: written.seq, isWritten: true };
    }
    const seq = written?.seq ?? this.#seq;
    this.#note(request, seq);
    return { seq, isWritten: false };
  }

  #note(request: SshRequest, seq: number): void {
    this.#requests.set(request, { seq, under: this.#mentionOf(request.connection) });
  }

  #mentionOf(connection: ConnectionInfo): Mention | undefined {
    const mention = this.#mentions.get(connection);
    return mention?.epoch === this.#epoch ? mention : undefined;
  }
}
