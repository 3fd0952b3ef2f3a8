import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { WildcardPattern } from '../../../../src/handlers/policies/matching/wildcard-pattern.js';

const matches = (pattern: string, text: string): boolean => new WildcardPattern(pattern).matches(text);

/** What the words of the documentation say, without a thought for time. */
function matchesByDefinition(pattern: readonly string[], text: readonly string[]): boolean {
  const [wanted, ...restOfPattern] = pattern;
  const [character, ...restOfText] = text;
  if (wanted === undefined) return character === undefined;
  if (wanted === '*') {
    return (
      matchesByDefinition(restOfPattern, text) || (character !== undefined && matchesByDefinition(pattern, restOfText))
    );
  }
  return (
    character !== undefined &&
    (wanted === '?' || wanted === character) &&
    matchesByDefinition(restOfPattern, restOfText)
  );
}

const textOf = (...characters: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...characters), { maxLength: 8 }).map((chosen) => chosen.join(''));

describe('WildcardPattern', () => {
  it.each([
    ['', '', true],
    ['', 'a', false],
    ['ann', 'ann', true],
    ['ann', 'Ann', false],
    ['ann', 'anna', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['git-*', 'git-', true],
    ['git-*', 'git', false],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', 'example.com', false],
    ['a*b*c', 'axxbxxbc', true],
    ['a*b*c', 'axxbxxb', false],
    ['build-?', 'build-7', true],
    ['build-?', 'build-', false],
    ['build-?', 'build-77', false],
    ['?', '😀', true],
    ['a.b', 'axb', false],
    ['[ab]', 'a', false],
    ['*a', 'b\na', true],
  ])('%j matches %j: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  it('matches what its definition says', () => {
    fc.assert(
      fc.property(textOf('a', 'b', '*', '?'), textOf('a', 'b', '*', '?'), (pattern, text) => {
        expect(matches(pattern, text)).toBe(matchesByDefinition(Array.from(pattern), Array.from(text)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is not led into trying every way to split a long text', () => {
    const many = 'a'.repeat(50_000);

    expect(matches(`${'*a'.repeat(30)}*b`, many)).toBe(false);
    expect(matches(`${'*a'.repeat(30)}*b`, `${many}b`)).toBe(true);
  });
});
