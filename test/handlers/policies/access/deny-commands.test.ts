import { describe, expect, it } from 'vitest';

import type { CommandPolicyOptions } from '../../../../src/handlers/policies/access/command-policy-options.js';
import { denyCommands } from '../../../../src/handlers/policies/access/deny-commands.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHChannelRequest } from '../../../../src/streams/events/ssh-channel-request.js';
import { channelRequest as ask } from '../../../../src/testing/channel-request.js';
import { marbles } from '../../../../src/testing/marbles.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { channelRequest } from '../requests.js';
import { decisionOn, deniedBy, granted } from '../verdicts.js';

const denies = (
  request: SSHChannelRequest,
  patterns: readonly string[],
  options: CommandPolicyOptions = {},
): boolean => {
  const verdict = decisionOn(denyCommands(patterns, options), request);
  if (verdict.state === 'denied') expect(verdict).toEqual(deniedBy('denyCommands', request, DenyReason.NotPermitted));
  return verdict.state === 'denied';
};

describe('denyCommands', () => {
  obeysTheLawsOfPolicies<SSHChannelRequest>({
    name: 'denyCommands',
    make: (options) => denyCommands(['reboot *'], options),
    decides: ask.exec('reboot'),
    spares: ask.exec('uptime'),
  });

  it(
    'denies commands that are named, also those granted before, and grants none',
    marbles(({ verdicts, expectVerdicts }) => {
      const values = { u: ask.exec('uptime'), r: ask.exec('reboot -f'), g: granted(ask.exec('reboot')) };
      const source = '  -u-r-(ur)-g|';
      const expected = '-o-x-(ox)-x|';

      expectVerdicts(verdicts<SSHChannelRequest>(source, values).pipe(denyCommands(['reboot *']))).toBe(expected, {
        x: { outcome: 'denied', by: 'denyCommands', reason: DenyReason.NotPermitted },
      });
    }),
  );

  it.each([
    ['halt', ['halt'], true],
    ['halt -p', ['halt'], false],
    [' halt\n', ['halt'], true],
    ['  rm  -rf /', ['rm *'], true],
    ['rm\n-rf /', ['rm *'], true],
    ['rm\t-rf /', ['rm *'], true],
    ['git  push   --force', ['git push *'], true],
    ['rmdir x', ['rm *'], false],
    ['/bin/rm x', ['rm *'], false],
    ['anything', ['*'], true],
    ['anything', [], false],
  ])('denies %j by %j: %s', (command, patterns, expected) => {
    expect(denies(ask.exec(command), patterns)).toBe(expected);
  });

  it('denies shell syntax in any command if told to', () => {
    const command = ask.exec('uptime; halt');

    expect(denies(command, ['halt'])).toBe(false);
    expect(denies(command, ['halt'], { rejectShellSyntax: true })).toBe(true);
    expect(denies(ask.exec('uptime -p'), ['halt'], { rejectShellSyntax: true })).toBe(false);
  });

  it('denies the shell and subsystems if they are named', () => {
    expect(denies(ask.shell(), ['*'])).toBe(false);
    expect(denies(ask.shell(), [], { shell: true })).toBe(true);
    expect(denies(ask.subsystem('sftp'), ['*'])).toBe(false);
    expect(denies(ask.subsystem('sftp'), [], { subsystems: ['sftp'] })).toBe(true);
    expect(denies(ask.subsystem('netconf'), [], { subsystems: ['sftp'] })).toBe(false);
  });

  it('denies malformed starts of programs, which may be what is named, and leaves other requests alone', () => {
    expect(denies(channelRequest({ type: 'malformed', name: 'exec', data: Buffer.alloc(1) }), [])).toBe(true);
    expect(denies(ask.pty(), ['*'], { shell: true })).toBe(false);
    expect(denies(ask.other('x@example.com'), ['*'])).toBe(false);
  });

  it('names itself where an option is refused', () => {
    expect(() => denyCommands(['rm*'])).toThrow(/^denyCommands: patterns has an entry that is no pattern: .*'rm\*'$/);
    // @ts-expect-error subsystems are an array
    expect(() => denyCommands([], { subsystems: 'sftp' })).toThrow(
      optionError("denyCommands: subsystems must be an array of names, got 'sftp'"),
    );
  });
});
