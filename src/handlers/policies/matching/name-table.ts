import { SshServerError } from '../../../errors.js';
import { WildcardPattern } from './wildcard-pattern.js';

/**
 * Finds what belongs to a name: of a subsystem, of a type of channels.
 *
 * A name is compared to the letter. One with wildcards is a pattern, in which `*` stands for any characters, none included,
 * and `?` for one: `chat-*`, `*@example.com`. A name comes before all patterns, then the pattern with the most characters
 * that stand for themselves, then the one that a dictionary would list first.
 *
 * @example
 * ```ts
 * const table = new NameTable([['sftp', 1], ['*@example.com', 2], ['*', 3]]);
 * table.find('sftp');              // 1
 * table.find('chat@example.com');  // 2
 * table.find('netconf');           // 3
 * ```
 */
export class NameTable<T> {
  readonly #exact: ReadonlyMap<string, T>;
  /** The most particular first. */
  readonly #patterns: readonly (readonly [pattern: WildcardPattern, value: T])[];

  /**
   * @param entries - Names and patterns with what belongs to them, in any order, each of them once.
   * @throws {@link SshServerError} `ERR_SSH_ROUTE_CONFLICT` if a name is empty or has two stars in a row.
   */
  constructor(entries: Iterable<readonly [name: string, value: T]>) {
    const exact = new Map<string, T>();
    const patterns: (readonly [text: string, value: T])[] = [];
    for (const [name, value] of entries) {
      // Two stars say no more than one, so `**` would be a second way to write `*`.
      if (name === '' || name.includes('**')) {
        throw new SshServerError(
          'ERR_SSH_ROUTE_CONFLICT',
          `${JSON.stringify(name)} is no name with a route: write a name, one with single wildcards (* and ?), or "*".`,
        );
      }
      if (/[*?]/.test(name)) patterns.push([name, value]);
      else exact.set(name, value);
    }
    this.#exact = exact;
    this.#patterns = patterns.sort(byParticularity).map(([text, value]) => [new WildcardPattern(text), value]);
  }

  /** What belongs to `name`; undefined if nothing does. */
  find(name: string): T | undefined {
    return this.#exact.get(name) ?? this.#patterns.find(([pattern]) => pattern.matches(name))?.[1];
  }
}

/** Never equal, since no two patterns are: the order of the entries does not count. */
const byParticularity = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  lettersIn(b) - lettersIn(a) || (a < b ? -1 : 1);

const lettersIn = (pattern: string): number => pattern.replaceAll(/[*?]/g, '').length;
