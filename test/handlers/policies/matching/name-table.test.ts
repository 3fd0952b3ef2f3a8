import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { NameTable } from '../../../../src/handlers/policies/matching/name-table.js';

const tableOf = (...names: readonly string[]): NameTable<string> =>
  new NameTable(names.map((name) => [name, name] as const));

describe('NameTable', () => {
  it.each([
    ['sftp', 'sftp', true],
    ['sftp', 'SFTP', false],
    ['sftp', 'sftp ', false],
    ['sftp', '', false],
    ['chat-*', 'chat-', true],
    ['chat-*', 'chat-7@example.com', true],
    ['chat-*', 'chat', false],
    ['chat-*', 'a-chat-7', false],
    ['*@example.com', 'news@example.com', true],
    ['*@example.com', 'news@example.com.evil', false],
    ['*@example.com', 'news@exampleXcom', false],
    ['x?', 'x1', true],
    ['x?', 'x', false],
    ['x?', 'x11', false],
    ['*', 'anything', true],
    ['*', '', true],
    ['*', '*', true],
    ['constructor', 'toString', false],
    ['__proto__', '__proto__', true],
  ])('%j has %j: %s', (pattern, name, expected) => {
    expect(tableOf(pattern).find(name)).toBe(expected ? pattern : undefined);
  });

  it('takes the name itself first, then the longest pattern, then the star', () => {
    const table = tableOf('*', 'chat-*', 'chat-vip-*', 'chat-vip-1', '*@example.com');

    expect(['chat-vip-1', 'chat-vip-2', 'chat-3', 'news', 'chat-4@example.com'].map((it) => table.find(it))).toEqual([
      'chat-vip-1',
      'chat-vip-*',
      'chat-*',
      '*',
      '*@example.com',
    ]);
  });

  it('does not depend on the order of its entries', () => {
    const pattern = fc.stringMatching(/^[ab?*]{1,4}$/).filter((it) => !it.includes('**'));
    const shuffled = fc
      .uniqueArray(pattern, { maxLength: 8 })
      .chain((it) =>
        fc.tuple(fc.constant(it), fc.shuffledSubarray(it, { minLength: it.length, maxLength: it.length })),
      );
    fc.assert(
      fc.property(shuffled, fc.stringMatching(/^[ab]{0,5}$/), ([one, other], name) => {
        expect(tableOf(...one).find(name)).toBe(tableOf(...other).find(name));
      }),
    );
  });

  it.each(['', '**', 'chat-**'])('refuses %j, which is no name', (name) => {
    expect(() => tableOf(name)).toThrow(
      expect.objectContaining({
        code: 'ERR_SSH_ROUTE_CONFLICT',
        message: `${JSON.stringify(name)} is no name with a route: write a name, one with single wildcards (* and ?), or "*".`,
      }),
    );
  });
});
