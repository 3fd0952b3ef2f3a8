import type { SSHChannelRequest } from '../../../streams/events/ssh-channel-request.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type { Policy } from '../../../streams/policy.js';
import { deny } from '../../../streams/verdict.js';
import { type CommandPolicyOptions, readCommandOptions } from './command-policy-options.js';
import { CommandList } from '../matching/command-list.js';
import { decideEach } from '../decide-each.js';
import { hasShellSyntax } from '../matching/has-shell-syntax.js';
import { policyName } from '../policy-options.js';
import { programStart } from '../matching/program-start.js';

/**
 * Denies every start of a program that is not named, with {@link DenyReason.NotPermitted}: commands, the shell and
 * subsystems (RFC 4254 section 6.5). Grants nothing, and leaves all other channel requests as they are.
 *
 * `uptime` is that command to the letter, `git *` is `git` alone or with anything behind it, `*` is every command. Nothing is
 * parsed as a shell would: `git status; rm -rf /` begins with the word `git`. Hence a command with shell syntax where
 * `git *` has its star is denied, unless `rejectShellSyntax` is false; set that only if nothing that runs commands hands
 * them to a shell. A program may do by itself what its arguments say, `git -c core.pager=...` for one: name programs that
 * are made for untrusted users.
 *
 * @example
 * ```ts
 * const gitAlone = allowCommands(['git-upload-pack *', 'git-receive-pack *'], {
 *   // git quotes the path, which the application takes apart by itself
 *   rejectShellSyntax: false,
 * });
 * const files = allowCommands([], { subsystems: ['sftp'] });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if a pattern cannot be read, an option is of the
 * wrong kind or the name is empty.
 * @see {@link denyCommands}
 */
export function allowCommands(
  patterns: readonly string[],
  options: CommandPolicyOptions = {},
): Policy<SSHChannelRequest> {
  const by = policyName('allowCommands', options);
  const commands = new CommandList('allowCommands', patterns);
  const subsystems = readCommandOptions('allowCommands', options);
  const { shell = false, rejectShellSyntax } = options;

  const allowsCommand = (command: string): boolean => {
    const match = commands.find(command);
    if (match === undefined) return false;
    const wary = rejectShellSyntax ?? match.kind === 'prefix';
    return !(wary && hasShellSyntax(match.rest));
  };
  const allows = (request: SSHChannelRequest): boolean => {
    const start = programStart(request);
    switch (start?.kind) {
      case undefined:
        return true;
      case 'exec':
        return allowsCommand(start.command);
      case 'shell':
        return shell;
      case 'subsystem':
        return subsystems.has(start.subsystemName);
      case 'malformed':
        return false;
    }
  };

  return decideEach(by, (verdict) => (allows(verdict.request) ? verdict : deny(verdict, by, DenyReason.NotPermitted)));
}
