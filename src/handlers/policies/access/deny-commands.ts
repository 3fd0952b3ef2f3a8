import { DenyReason } from '../../../streams/deny-reason.js';
import type { SSHChannelRequest } from '../../../streams/events/ssh-channel-request.js';
import type { Policy } from '../../../streams/policy.js';
import { deny } from '../../../streams/verdict.js';
import { type CommandPolicyOptions, readCommandOptions } from './command-policy-options.js';
import { CommandList } from '../matching/command-list.js';
import { decideEach } from '../decide-each.js';
import { hasShellSyntax } from '../matching/has-shell-syntax.js';
import { policyName } from '../policy-options.js';
import { programStart } from '../matching/program-start.js';

/**
 * Denies the commands of `patterns`, and the shell and subsystems if the options name them, with
 * {@link DenyReason.NotPermitted} (RFC 4254 section 6.5). Grants nothing, and leaves all other requests as they are.
 *
 * Patterns are written as for {@link allowCommands}. Blanks and line breaks around a command do not count, and between
 * words any number of them counts as one. No other disguise is seen through: where a shell runs commands, `rm *` stops
 * neither `/bin/rm` nor `sh -c 'rm'` nor `r''m`. That makes this a guard against mistakes, not against people; to keep
 * somebody from something, say with {@link allowCommands} what they may do.
 *
 * @example
 * ```ts
 * const noReboot = denyCommands(['reboot *', 'shutdown *', 'halt'], { shell: true });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if a pattern cannot be read, an option is of the
 * wrong kind or the name is empty.
 * @see {@link allowCommands}
 */
export function denyCommands(
  patterns: readonly string[],
  options: CommandPolicyOptions = {},
): Policy<SSHChannelRequest> {
  const by = policyName('denyCommands', options);
  const commands = new CommandList('denyCommands', patterns);
  const subsystems = readCommandOptions('denyCommands', options);
  const { shell = false, rejectShellSyntax = false } = options;

  const denies = (request: SSHChannelRequest): boolean => {
    const start = programStart(request);
    switch (start?.kind) {
      case undefined:
        return false;
      case 'exec':
        return (
          (rejectShellSyntax && hasShellSyntax(start.command)) || commands.find(plain(start.command)) !== undefined
        );
      case 'shell':
        return shell;
      case 'subsystem':
        return subsystems.has(start.subsystemName);
      case 'malformed':
        // It may be what the list names.
        return true;
    }
  };

  return decideEach(by, (verdict) => (denies(verdict.request) ? deny(verdict, by, DenyReason.NotPermitted) : verdict));
}

const plain = (command: string): string => command.trim().replace(/\s+/g, ' ');
