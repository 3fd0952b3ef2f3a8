import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CommandTable } from '../../../../src/handlers/policies/routing/command-table.js';

const tableOf = (...patterns: readonly string[]): CommandTable<string> =>
  new CommandTable(patterns.map((pattern) => [pattern, pattern] as const));

const conflict = (message: string): unknown => expect.objectContaining({ code: 'ERR_SSH_ROUTE_CONFLICT', message });

describe('CommandTable', () => {
  it.each([
    ['uptime', 'uptime', true],
    ['uptime', 'uptime -p', false],
    ['uptime', 'uptime ', false],
    ['uptime', ' uptime', false],
    ['uptime', 'Uptime', false],
    ['uptime', 'uptime\n', false],
    ['git log', 'git log', true],
    ['git log', 'git  log', false],
    ['echo *', 'echo', true],
    ['echo *', 'echo ', true],
    ['echo *', 'echo a b', true],
    ['echo *', 'echo\ta', true],
    ['echo *', 'echo  *', true],
    ['echo *', 'echoes a', false],
    ['echo *', 'echo\nrm -rf /', false],
    ['echo *', 'echo;rm -rf /', false],
    ['echo *', "'echo' a", false],
    ['echo *', '/bin/echo a', false],
    ['git log *', 'git log -1', true],
    ['git log *', 'git', false],
    ['git log *', 'git logs', false],
    ['*', 'anything at all', true],
    ['*', '', true],
    ['*', '*', true],
    ['uptime', '', false],
    ['echo *', '', false],
    ['constructor', 'toString', false],
    ['__proto__', '__proto__', true],
  ])('%j has %j: %s', (pattern, command, expected) => {
    expect(tableOf(pattern).find(command)).toBe(expected ? pattern : undefined);
  });

  it('takes an exact pattern first, then the longest, then the star', () => {
    const patterns = ['*', 'git *', 'git log *', 'git log'];
    const commands = ['git log', 'git log -1', 'git status', 'git', 'ls'];
    const expected = ['git log', 'git log *', 'git *', 'git *', '*'];

    expect(commands.map((command) => tableOf(...patterns).find(command))).toEqual(expected);
    expect(commands.map((command) => tableOf(...patterns.toReversed()).find(command))).toEqual(expected);
  });

  it('finds nothing in an empty table', () => {
    expect(tableOf().find('uptime')).toBeUndefined();
  });

  it('finds values of every kind', () => {
    const table = new CommandTable<unknown>([
      ['zero', 0],
      ['nothing', undefined],
      ['*', 'fallback'],
    ]);

    expect(table.find('zero')).toBe(0);
    expect(table.find('nothing')).toBeUndefined();
  });

  it('does not depend on the order of its patterns', () => {
    const words = fc.array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 3 }).map((it) => it.join(' '));
    const patterns = fc.uniqueArray(
      fc.oneof(
        words,
        words.map((it) => `${it} *`),
        fc.constant('*'),
      ),
      { maxLength: 8 },
    );
    const shuffled = patterns.chain((it) =>
      fc.tuple(fc.constant(it), fc.shuffledSubarray(it, { minLength: it.length, maxLength: it.length })),
    );
    fc.assert(
      fc.property(shuffled, words, ([one, other], command) => {
        expect(tableOf(...one).find(command)).toBe(tableOf(...other).find(command));
      }),
    );
  });

  it.each(['uptime', 'echo *', '*'])('refuses two of %j', (pattern) => {
    expect(() => tableOf('first', pattern, 'second', pattern)).toThrow(
      conflict(`command "${pattern}" is routed twice. Rename one command or remove one route.`),
    );
  });

  it('names the rivals if it knows what to call them', () => {
    const label = (value: string): string => `Desk.${value}`;

    expect(
      () =>
        new CommandTable(
          [
            ['uptime', 'up'],
            ['uptime', 'again'],
          ],
          label,
        ),
    ).toThrow(
      conflict('command "uptime" is routed twice: Desk.up and Desk.again. Rename one command or remove one route.'),
    );
  });

  it.each(['', ' ', ' *', ' uptime', 'uptime ', 'echo  *', 'up*', '* *', 'echo * x', 'uptime\n'])(
    'refuses %j, which is no pattern',
    (pattern) => {
      expect(() => tableOf(pattern)).toThrow(
        conflict(
          `${JSON.stringify(pattern)} is no pattern of a command: write a command, the first words of one and " *", or "*".`,
        ),
      );
    },
  );
});
