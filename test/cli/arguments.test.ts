import { describe, expect, it } from 'vitest';

import { readArguments } from '../../src/cli/arguments.js';

describe('the command line', () => {
  it.each([
    [['policies', 'server.ts'], { command: 'policies', module: 'server.ts', json: false }],
    [['policies', '--json', 'server.ts'], { command: 'policies', module: 'server.ts', json: true }],
    [['policies', 'server.ts', '--json'], { command: 'policies', module: 'server.ts', json: true }],
    [['policies', '--', '--json'], { command: 'policies', module: '--json', json: false }],
    [
      ['replay', 'traffic.jsonl', 'server.ts'],
      { command: 'replay', recording: 'traffic.jsonl', module: 'server.ts', json: false, exitCode: false },
    ],
    [
      ['replay', '--exit-code', 'traffic.jsonl', 'server.ts', '--json'],
      { command: 'replay', recording: 'traffic.jsonl', module: 'server.ts', json: true, exitCode: true },
    ],
    [['--help'], { command: 'help' }],
    [['policies', '-h'], { command: 'help' }],
    [['--version'], { command: 'version' }],
    [['-v'], { command: 'version' }],
  ])('%j is understood', (args, expected) => {
    expect(readArguments(args)).toEqual(expected);
  });

  it.each([
    [[], 'name a command; rxsshd --help tells more'],
    [['polices', 'server.ts'], 'there is no command "polices"; rxsshd --help tells more'],
    [['policies'], 'name the module whose policies are wanted; rxsshd --help tells more'],
    [['policies', 'a.ts', 'b.ts', 'c.ts'], 'one module at a time, without "b.ts c.ts"; rxsshd --help tells more'],
    [['policies', 'a.ts', '--exit-code'], '--exit-code is an option of replay; rxsshd --help tells more'],
    [['replay'], 'name the recording, and the module whose policies are to decide; rxsshd --help tells more'],
    [['replay', 'a.jsonl'], 'name the module whose policies are to decide; rxsshd --help tells more'],
    [
      ['replay', 'a.jsonl', 'b.ts', 'c.ts'],
      'one recording and one module at a time, without "c.ts"; rxsshd --help tells more',
    ],
    [['policies', 'a.ts', '--yaml'], /^Unknown option '--yaml'.*; rxsshd --help tells more$/],
  ])('%j makes no sense', (args, message) => {
    expect(() => readArguments(args)).toThrow(expect.objectContaining({ name: 'CliError', exitCode: 2 }));
    expect(() => readArguments(args)).toThrow(message);
  });
});
