import * as fc from 'fast-check';
import { EqualityFilter, FilterParser } from 'ldapts';
import { describe, expect, it } from 'vitest';

import { escapeDn } from '../src/escape-dn.js';
import { escapeFilter } from '../src/escape-filter.js';
import { fillTemplate } from '../src/user-template.js';

/** Names with what means something to directories more often than chance would have it. */
const names = fc.string({
  unit: fc.oneof(
    fc.constantFrom('*', '(', ')', '\\', ',', '+', '"', '<', '>', ';', '=', '#', ' ', '\0', '\n', '\r', '&', ':'),
    fc.string({ unit: 'grapheme' }),
  ),
});

/** What a reader of RFC 4514 or RFC 4515 makes of pairs of hexadecimal digits. */
const unescape = (text: string): string =>
  text.replace(/\\([0-9a-f]{2})/g, (_pair, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

describe('escapeFilter', () => {
  it('makes any name a value and nothing else', () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(FilterParser.parseString(`(uid=${escapeFilter(name)})`)).toEqual(
          new EqualityFilter({ attribute: 'uid', value: name }),
        );
      }),
    );
  });

  it('leaves nothing that means anything in a filter', () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(escapeFilter(name)).not.toMatch(/[*()\0]|\\(?![0-9a-f]{2})|^ | $/);
        expect(unescape(escapeFilter(name))).toBe(name);
      }),
    );
  });
});

describe('escapeDn', () => {
  it('leaves nothing that means anything in a distinguished name', () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(escapeDn(name)).not.toMatch(/["+,;<=>\0]|\\(?![0-9a-f]{2})|^[ #]| $/);
        expect(unescape(escapeDn(name))).toBe(name);
      }),
    );
  });

  it.each([
    ['ann', 'ann'],
    ['O’Neill #1', 'O’Neill #1'],
    [' # ', '\\20#\\20'],
    ['#', '\\23'],
    ['a,b=c+d', 'a\\2cb\\3dc\\2bd'],
    ['"<;>\\', '\\22\\3c\\3b\\3e\\5c'],
  ])('makes of %j %j', (name, escaped) => {
    expect(escapeDn(name)).toBe(escaped);
  });
});

describe('fillTemplate', () => {
  it('puts a name wherever it belongs, whatever it looks like', () => {
    const shout = (name: string) => name.toUpperCase();

    expect(fillTemplate('uid={user},ou={user}', '$& {user} $1', shout)).toBe('uid=$& {USER} $1,ou=$& {USER} $1');
  });
});
