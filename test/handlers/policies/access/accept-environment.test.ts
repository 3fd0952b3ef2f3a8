import { describe, expect, it } from 'vitest';

import { acceptEnvironment } from '../../../../src/handlers/policies/access/accept-environment.js';
import type { SSHChannelRequest } from '../../../../src/streams/events/ssh-channel-request.js';
import { consider } from '../../../../src/streams/verdict.js';
import { channelRequest } from '../../../../src/testing/channel-request.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { channelRequest as requestOf, exec } from '../requests.js';
import { decisionOn, grantedBy } from '../verdicts.js';

const { env } = channelRequest;

const accepts = (name: string, ...patterns: readonly string[]): boolean => {
  const request = env(name, 'value');
  const verdict = decisionOn(acceptEnvironment(patterns), request);
  if (verdict.state === 'granted') expect(verdict).toEqual(grantedBy('acceptEnvironment', request));
  else expect(verdict).toEqual(consider(request));
  return verdict.state === 'granted';
};

describe('acceptEnvironment', () => {
  obeysTheLawsOfPolicies<SSHChannelRequest>({
    name: 'acceptEnvironment',
    make: (options) => acceptEnvironment(['LANG', 'LC_*'], options),
    decides: env('LANG', 'C'),
  });

  it.each([
    ['LANG', ['LANG'], true],
    ['LANGUAGE', ['LANG'], false],
    ['lang', ['LANG'], false],
    ['LC_ALL', ['LANG', 'LC_*'], true],
    ['LC_', ['LC_*'], true],
    ['XLC_ALL', ['LC_*'], false],
    ['MY_FAVOURITE_COLOR', ['MY_*_COLOR'], true],
    ['LANG', [], false],
    ['', ['*'], false],
    ['anything_1', ['*'], true],
  ])('takes the variable %j by the patterns %j: %s', (name, patterns, expected) => {
    expect(accepts(name, ...patterns)).toBe(expected);
  });

  // Most programs stop at the NUL and take what stands before an equals sign for the name; a shell that is started later
  // reads a name with two percent signs as that of a function.
  it.each(['LC_ALL\0', 'LC_\n', 'LC_X=1', 'LC_%%', 'LC_É', 'LC_ '])('takes %j for no name of a variable', (name) => {
    expect(accepts(name, '*', 'LC_*')).toBe(false);
  });

  it.each([
    'PATH',
    'HOME',
    'SHELL',
    'USER',
    'IFS',
    'ENV',
    'BASH_ENV',
    'SHELLOPTS',
    'PS4',
    'LD_PRELOAD',
    'LD_LIBRARY_PATH',
    'DYLD_INSERT_LIBRARIES',
    'GCONV_PATH',
    'NODE_OPTIONS',
    'NODE_PATH',
    'PYTHONPATH',
    'PYTHONSTARTUP',
    'PERL5OPT',
    'RUBYOPT',
    'JAVA_TOOL_OPTIONS',
    'GIT_SSH_COMMAND',
    'LESSOPEN',
    'PAGER',
    'SSH_ORIGINAL_COMMAND',
  ])('takes %s by its whole name alone, since it says what programs load and run', (name) => {
    expect(accepts(name, '*', `${name.slice(0, -1)}*`, `*${name}`)).toBe(false);
    expect(accepts(name, name)).toBe(true);
  });

  it('knows these names in any case, as Windows does', () => {
    expect(accepts('Path', '*')).toBe(false);
    expect(accepts('ld_preload', '*')).toBe(false);
  });

  it('answers a name that nearly fits many stars as fast as any other', () => {
    const stars = 'A*'.repeat(30);
    const started = process.cpuUsage();
    expect(accepts('A'.repeat(2_000) + 'b', `${stars}C`)).toBe(false);
    expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
  });

  it('has no opinion on other requests, nor on what only calls itself one of these', () => {
    const policy = acceptEnvironment(['*']);
    const malformed = requestOf({ type: 'malformed', name: 'env', data: Buffer.alloc(1) });

    expect(decisionOn(policy, exec('env'))).toMatchObject({ state: 'open' });
    expect(decisionOn(policy, malformed)).toMatchObject({ state: 'open' });
  });

  it.each([
    [['LANG='], "patterns must be names of letters, digits and _, in which * stands for any of these, got 'LANG='"],
    [[''], "patterns must be names of letters, digits and _, in which * stands for any of these, got ''"],
    [['LC_?'], "patterns must be names of letters, digits and _, in which * stands for any of these, got 'LC_?'"],
    [[7], 'patterns must be names of letters, digits and _, in which * stands for any of these, got 7'],
    // Letter by letter it would be a list of names.
    ['LANG', "patterns must be an array of names, got 'LANG'"],
  ])('refuses, when it is made, %j', (patterns, message) => {
    expect(() => acceptEnvironment(patterns as unknown as readonly string[])).toThrow(
      optionError(`acceptEnvironment: ${message}`),
    );
  });
});
