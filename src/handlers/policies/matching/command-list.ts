import { SshServerError } from '../../../errors.js';
import { CommandTable } from '../routing/command-table.js';
import { policyOptionError } from '../policy-option-error.js';

/** The pattern that a command matches. */
export interface CommandMatch {
  readonly kind: 'exact' | 'prefix' | 'fallback';
  /** What the star of the pattern stands for; empty for an exact one. */
  readonly rest: string;
}

/** A list of commands, in the patterns of {@link CommandTable}. A pattern may be given twice. */
export class CommandList {
  readonly #table: CommandTable<{ readonly kind: CommandMatch['kind']; readonly words: number }>;

  /** @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if a pattern cannot be read. */
  constructor(policy: string, patterns: readonly string[]) {
    if (!Array.isArray(patterns)) {
      throw policyOptionError(policy, 'patterns', 'must be an array of patterns of commands', patterns);
    }
    const unique = new Set<string>(patterns);
    for (const pattern of unique) requirePattern(policy, pattern);
    this.#table = new CommandTable(Array.from(unique, (pattern) => [pattern, shapeOf(pattern)]));
  }

  /** The pattern that `command` matches; undefined if there is none. */
  find(command: string): CommandMatch | undefined {
    const shape = this.#table.find(command);
    if (shape === undefined) return undefined;
    return { kind: shape.kind, rest: shape.kind === 'exact' ? '' : command.slice(shape.words) };
  }
}

function shapeOf(pattern: string): { readonly kind: CommandMatch['kind']; readonly words: number } {
  if (pattern === '*') return { kind: 'fallback', words: 0 };
  return pattern.endsWith(' *')
    ? { kind: 'prefix', words: pattern.length - ' *'.length }
    : { kind: 'exact', words: pattern.length };
}

/** The table knows what a pattern is; its errors speak of routes. */
function requirePattern(policy: string, pattern: string): void {
  const rule = 'has an entry that is no pattern: write a command, the first words of one and " *", or "*"';
  if (typeof pattern !== 'string') throw policyOptionError(policy, 'patterns', rule, pattern);
  try {
    new CommandTable([[pattern, true]]);
  } catch (error) {
    if (!SshServerError.is(error)) throw error;
    throw policyOptionError(policy, 'patterns', rule, pattern);
  }
}
