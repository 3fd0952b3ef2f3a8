import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { TokenTemplate } from '../../../src/handlers/key-sources/token-template.js';

function read(text: string): TokenTemplate {
  const reading = TokenTemplate.read(text, ['u', 'k']);
  if ('fault' in reading) throw new Error(reading.fault);
  return reading;
}

describe('a text with tokens', () => {
  it.each([
    ['/keys/%u', '/keys/ann'],
    ['%u/%u.%k', 'ann/ann.AAAA'],
    ['100%%', '100%'],
    ['%%u', '%u'],
    ['%%%u', '%ann'],
    ['plain', 'plain'],
    ['', ''],
  ])('%j is filled as %j', (text, filled) => {
    expect(read(text).fill({ u: 'ann', k: 'AAAA' })).toBe(filled);
  });

  it.each([
    ['%x', '%x'],
    ['a%', '%'],
    ['%u%U', '%U'],
    ['%\n', '%\n'],
  ])('%j has a token that is not known', (text, token) => {
    expect(TokenTemplate.read(text, ['u', 'k'])).toEqual({
      fault: `has the token ${token}; those to be had are %u, %k, %%`,
    });
  });

  it('says which tokens are in it', () => {
    expect(read('%%u%k').has('u')).toBe(false);
    expect(read('%%u%k').has('k')).toBe(true);
  });

  it('never reads what a token stands for as tokens', () => {
    fc.assert(
      fc.property(fc.string(), (user) => {
        expect(read('<%u>').fill({ u: user, k: 'no' })).toBe(`<${user}>`);
      }),
    );
  });
});
