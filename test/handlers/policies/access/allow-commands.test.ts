import { describe, expect, it } from 'vitest';

import { allowCommands } from '../../../../src/handlers/policies/access/allow-commands.js';
import type { CommandPolicyOptions } from '../../../../src/handlers/policies/access/command-policy-options.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHChannelRequest } from '../../../../src/streams/events/ssh-channel-request.js';
import { channelRequest as ask } from '../../../../src/testing/channel-request.js';
import { marbles } from '../../../../src/testing/marbles.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { channelRequest } from '../requests.js';
import { decisionOn, deniedBy, granted } from '../verdicts.js';

const allows = (
  request: SSHChannelRequest,
  patterns: readonly string[],
  options: CommandPolicyOptions = {},
): boolean => {
  const verdict = decisionOn(allowCommands(patterns, options), request);
  if (verdict.state === 'denied') expect(verdict).toEqual(deniedBy('allowCommands', request, DenyReason.NotPermitted));
  return verdict.state === 'open';
};

const SYNTAX = [';', '&', '|', '`', '$', '(', ')', '<', '>', '"', "'", '\\', '\n', '\r', '\0'];

const malformed = (name: string): SSHChannelRequest =>
  channelRequest({ type: 'malformed', name, data: Buffer.from('?') });

describe('allowCommands', () => {
  obeysTheLawsOfPolicies<SSHChannelRequest>({
    name: 'allowCommands',
    make: (options) => allowCommands(['uptime'], options),
    decides: ask.exec('reboot'),
    spares: ask.exec('uptime'),
  });

  it(
    'denies commands that are not named, also those granted before, and grants none',
    marbles(({ verdicts, expectVerdicts }) => {
      const values = { u: ask.exec('uptime'), r: ask.exec('reboot'), g: granted(ask.exec('reboot')) };
      const source = '  -u-r-(ur)-g|';
      const expected = '-o-x-(ox)-x|';

      expectVerdicts(verdicts<SSHChannelRequest>(source, values).pipe(allowCommands(['uptime']))).toBe(expected, {
        x: { outcome: 'denied', by: 'allowCommands', reason: DenyReason.NotPermitted },
      });
    }),
  );

  it.each([
    ['uptime', ['uptime'], true],
    ['uptime -p', ['uptime'], false],
    ['UPTIME', ['uptime'], false],
    ['git', ['git *'], true],
    ['git log -1', ['git *'], true],
    ['gitk', ['git *'], false],
    ['git log', ['git log *', 'uptime'], true],
    ['git push', ['git log *', 'uptime'], false],
    ['anything at all', ['*'], true],
    ['', ['*'], true],
    ['', [], false],
    ['uptime', [], false],
    ['uptime', ['uptime', 'uptime'], true],
  ])('lets %j pass by %j: %s', (command, patterns, expected) => {
    expect(allows(ask.exec(command), patterns)).toBe(expected);
  });

  it.each(SYNTAX)('denies %j where a prefix pattern has its star, unless told not to', (character) => {
    const command = `git log ${character} x`;

    expect(allows(ask.exec(command), ['git *'])).toBe(false);
    expect(allows(ask.exec(command), ['git *', '*'])).toBe(false);
    expect(allows(ask.exec(command), ['git *'], { rejectShellSyntax: true })).toBe(false);
    expect(allows(ask.exec(command), ['git *'], { rejectShellSyntax: false })).toBe(true);
  });

  it('denies shell syntax under a lone star only if told to', () => {
    const command = ask.exec("sh -c 'id; id'");

    expect(allows(command, ['*'])).toBe(true);
    expect(allows(command, ['*'], { rejectShellSyntax: true })).toBe(false);
    expect(allows(ask.exec('id'), ['*'], { rejectShellSyntax: true })).toBe(true);
  });

  it('takes syntax that the pattern itself has', () => {
    expect(allows(ask.exec('a; b'), ['a; b'], { rejectShellSyntax: true })).toBe(true);
    expect(allows(ask.exec('a; b c'), ['a; b *'])).toBe(true);
    expect(allows(ask.exec('a; b c; d'), ['a; b *'])).toBe(false);
  });

  it('is not deceived by a line break in place of a blank', () => {
    expect(allows(ask.exec('git\nreboot'), ['git *'], { rejectShellSyntax: false })).toBe(false);
  });

  it('denies the shell unless it is named', () => {
    expect(allows(ask.shell(), ['*'])).toBe(false);
    expect(allows(ask.shell(), [], { shell: false })).toBe(false);
    expect(allows(ask.shell(), [], { shell: true })).toBe(true);
  });

  it('denies subsystems unless they are named to the letter', () => {
    expect(allows(ask.subsystem('sftp'), ['*'], { shell: true })).toBe(false);
    expect(allows(ask.subsystem('sftp'), [], { subsystems: ['sftp'] })).toBe(true);
    expect(allows(ask.subsystem('SFTP'), [], { subsystems: ['sftp'] })).toBe(false);
    expect(allows(ask.subsystem('netconf'), ['netconf'], { subsystems: ['sftp'] })).toBe(false);
  });

  it.each(['exec', 'shell', 'subsystem'])('denies a malformed %s request, whatever is named', (name) => {
    expect(allows(malformed(name), ['*'], { shell: true, subsystems: ['sftp'] })).toBe(false);
  });

  it.each([
    ['a terminal', ask.pty()],
    ['an environment variable', ask.env('LANG', 'C')],
    ['a window size', ask.windowChange({ columns: 100 })],
    ['a signal', ask.signal('TERM')],
    ['an unknown request', ask.other('x@example.com')],
    ['a malformed request of another kind', malformed('pty-req')],
  ])('leaves %s alone', (_what, request) => {
    expect(allows(request, [])).toBe(true);
  });

  it.each(['git*', ' git', 'git ', ' *', '', 'a * b'])('names the pattern that it cannot read: %j', (pattern) => {
    const rule = 'has an entry that is no pattern: write a command, the first words of one and " *", or "*"';

    expect(() => allowCommands(['uptime', pattern])).toThrow(
      optionError(`allowCommands: patterns ${rule}, got '${pattern}'`),
    );
  });

  it('refuses, from JavaScript, options of another kind', () => {
    // @ts-expect-error the patterns are an array
    expect(() => allowCommands('git *')).toThrow(
      optionError("allowCommands: patterns must be an array of patterns of commands, got 'git *'"),
    );
    // @ts-expect-error a pattern is text
    expect(() => allowCommands([7])).toThrow(/allowCommands: patterns has an entry that is no pattern: .*, got 7/);
    // @ts-expect-error shell is a flag
    expect(() => allowCommands([], { shell: 'bash' })).toThrow(
      optionError("allowCommands: shell must be true or false, got 'bash'"),
    );
    // @ts-expect-error rejectShellSyntax is a flag
    expect(() => allowCommands([], { rejectShellSyntax: 0 })).toThrow(
      optionError('allowCommands: rejectShellSyntax must be true or false, got 0'),
    );
    // @ts-expect-error subsystems are an array
    expect(() => allowCommands([], { subsystems: 'sftp' })).toThrow(
      optionError("allowCommands: subsystems must be an array of names, got 'sftp'"),
    );
    expect(() => allowCommands([], { subsystems: [''] })).toThrow(
      optionError("allowCommands: subsystems must be an array of names, got [ '' ]"),
    );
  });
});
