import { SshServerError } from '../../../errors.js';

/**
 * Finds what belongs to a command: the one place that says which command is which, for policies and for decorators.
 *
 * A pattern is
 * - `uptime`: this command and no other, to the letter;
 * - `git log *`: the words before the star, alone or followed by a space or tab and anything at all;
 * - `*`: every command that nothing else matches.
 *
 * An exact pattern comes before all others, then the longest. Nothing is parsed as a shell would: no quotes, no
 * variables, blanks are not trimmed and a line break ends no word, so that `echo *` does not match what a shell would
 * take for a second command on a line of its own. What is found gets the whole command, `echo a; rm b` for one: take it apart
 * yourself, or give it to nobody who does as a shell does.
 *
 * @example
 * ```ts
 * const table = new CommandTable([['uptime', 1], ['git *', 2], ['git log *', 3]]);
 * table.find('uptime');      // 1
 * table.find('uptime -p');   // undefined
 * table.find('git log -1');  // 3
 * table.find('git');         // 2
 * ```
 */
export class CommandTable<T> {
  readonly #exact: ReadonlyMap<string, Route<T>>;
  /** By the words before the star, longest first. */
  readonly #prefixes: readonly (readonly [words: string, route: Route<T>])[];
  readonly #fallback: Route<T> | undefined;

  /**
   * @param entries - Patterns with what belongs to them, in any order.
   * @param label - Says in an error what a value is, such as `Class.method`.
   * @throws {@link SshServerError} `ERR_SSH_ROUTE_CONFLICT` if a pattern is given twice or is not well formed.
   */
  constructor(entries: Iterable<readonly [pattern: string, value: T]>, label?: (value: T) => string) {
    const exact = new Map<string, Route<T>>();
    const prefix = new Map<string, Route<T>>();
    const fallback = new Map<string, Route<T>>();
    for (const [pattern, value] of entries) {
      const { kind, words } = readPattern(pattern);
      const place = { exact, prefix, fallback }[kind];
      const taken = place.get(words);
      if (taken !== undefined) {
        const rivals = label === undefined ? '' : `: ${label(taken.value)} and ${label(value)}`;
        throw routeConflict(`command "${pattern}" is routed twice${rivals}. Rename one command or remove one route.`);
      }
      place.set(words, { value });
    }
    this.#exact = exact;
    this.#prefixes = [...prefix].sort(([a], [b]) => b.length - a.length);
    this.#fallback = fallback.get('');
  }

  /** What belongs to `command`; undefined if no pattern matches. */
  find(command: string): T | undefined {
    const route =
      this.#exact.get(command) ?? this.#prefixes.find(([words]) => beginsWith(command, words))?.[1] ?? this.#fallback;
    return route?.value;
  }
}

/** What belongs to one pattern, wrapped so that a value of undefined is still a value. */
interface Route<T> {
  readonly value: T;
}

function beginsWith(command: string, words: string): boolean {
  if (!command.startsWith(words)) return false;
  const next = command[words.length];
  return next === undefined || next === ' ' || next === '\t';
}

interface Pattern {
  readonly kind: 'exact' | 'prefix' | 'fallback';
  /** Without the star. */
  readonly words: string;
}

function readPattern(pattern: string): Pattern {
  if (pattern === '*') return { kind: 'fallback', words: '' };
  const takesArguments = pattern.endsWith(' *');
  const words = takesArguments ? pattern.slice(0, -' *'.length) : pattern;
  if (words === '' || words !== words.trim() || words.includes('*')) {
    throw routeConflict(
      `${JSON.stringify(pattern)} is no pattern of a command: write a command, the first words of one and " *", or "*".`,
    );
  }
  return { kind: takesArguments ? 'prefix' : 'exact', words };
}

const routeConflict = (message: string): SshServerError => new SshServerError('ERR_SSH_ROUTE_CONFLICT', message);
