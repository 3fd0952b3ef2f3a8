import { requireBoolean } from '../choice-checks.js';
import { policyOptionError } from '../policy-option-error.js';
import type { PolicyOptions } from '../policy-options.js';

/** Options of {@link allowCommands} and {@link denyCommands}. */
export interface CommandPolicyOptions extends PolicyOptions {
  /** Whether the user's shell is on the list. Default false. */
  readonly shell?: boolean;
  /** Subsystems on the list, such as `sftp`, to the letter. Default none. */
  readonly subsystems?: readonly string[];
  /**
   * Whether to deny commands with characters that a shell takes for more than words: `;` `&` `|` `` ` `` `$` `(` `)` `<`
   * `>`, quotes, backslashes, line breaks.
   *
   * For {@link allowCommands} it is what a star stands for that must be free of them. Default true for patterns such as
   * `git *`; for `*` alone, which is every command, only if set to true. For {@link denyCommands} it is the whole of every
   * command, default false.
   */
  readonly rejectShellSyntax?: boolean;
}

/**
 * Checks what is common to both policies; gives the subsystems.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if an option is of the wrong kind.
 */
export function readCommandOptions(policy: string, options: CommandPolicyOptions): ReadonlySet<string> {
  const { shell = false, subsystems = [], rejectShellSyntax = false } = options;
  requireBoolean(policy, 'shell', shell);
  requireBoolean(policy, 'rejectShellSyntax', rejectShellSyntax);
  if (!Array.isArray(subsystems) || subsystems.some((name) => typeof name !== 'string' || name === '')) {
    throw policyOptionError(policy, 'subsystems', 'must be an array of names', subsystems);
  }
  return new Set(subsystems);
}
