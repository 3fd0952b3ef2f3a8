import type { Decided } from '../../../streams/events/decided.js';
import type { SshRequest } from '../../../streams/events/ssh-request.js';

/** A request that wants an answer. */
interface Waiting {
  /** What policies are asked; undefined until they are. */
  request: SshRequest | undefined;
  decided: Decided['outcome'] | undefined;
}

/** Requests that want an answer and have none yet, oldest first: those of one channel, or of the connection. */
export class RequestQueue {
  readonly #waiting: Waiting[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** A request has arrived that wants an answer. */
  arrive(): void {
    this.#waiting.push({ request: undefined, decided: undefined });
  }

  /** Policies are asked about the oldest that they were not asked about. */
  ask(request: SshRequest): void {
    const oldest = this.#waiting.find((it) => it.request === undefined);
    if (oldest !== undefined) oldest.request = request;
  }

  /** Policies have answered. */
  decide(request: SshRequest, outcome: Decided['outcome']): void {
    const asked = this.#waiting.find((it) => it.request === request);
    if (asked !== undefined) asked.decided = outcome;
  }

  /** @returns what is wrong with an answer, if anything is */
  answer(granted: boolean): string | undefined {
    const oldest = this.#waiting.shift();
    if (oldest === undefined) return 'and nothing was asked';
    if (oldest.decided === undefined) return 'before the oldest request was decided';
    return granted && oldest.decided !== 'granted' ? 'and the oldest request was denied' : undefined;
  }
}
