import { createHash, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/** Digests have one length, so comparing them reveals neither the length nor a common prefix of the secrets. */
const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();

/**
 * Text that must not be seen by accident: a password or a keyboard-interactive answer.
 *
 * Logging, `JSON.stringify`, template strings and `util.inspect` print a redaction; only {@link Secret.expose} gives
 * the text.
 *
 * @example
 * ```ts
 * const password = new Secret('hunter2');
 * `${password}`;              // '[redacted]'
 * password.equals('hunter2'); // true, in constant time
 * ```
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself. Search for calls of this method to find every place that sees a secret. */
  expose(): string {
    return this.#text;
  }

  /** Compares with `candidate` in constant time. */
  equals(candidate: string): boolean {
    return timingSafeEqual(digest(this.#text), digest(candidate));
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
