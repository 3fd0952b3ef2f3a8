import fc from 'fast-check';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';

import { inRxjsUnits, marblesIn, parseMarbles } from '../../src/testing/marble-diagram.js';

const characters = (diagram: string): string =>
  parseMarbles(diagram)
    .marbles.map(({ character, frame }) => `${character}${String(frame)}`)
    .join(' ');

describe('a diagram', () => {
  it.each([
    ['', '', 0],
    ['a-b', 'a0 b2', 3],
    ['(ab)c', 'a0 b0 c4', 5],
    [' a   b ', 'a0 b1', 2],
    ['a 10ms b', 'a0 b11', 12],
    ['a 1s b 2m', 'a0 b1001', 121_002],
    ['1.5h a 1d b', 'a5400000 b91800001', 91_800_002],
    ['a1s', 'a0 11 s2', 3],
    ['a|', 'a0 |1', 2],
    ['(a#)', 'a0 #0', 4],
  ])('%j is %j and ends at %i ms', (diagram, marbles, length) => {
    expect(characters(diagram)).toBe(marbles);
    expect(parseMarbles(diagram).length).toBe(length);
  });

  it.each([
    ['(a(b))', 'a group inside a group'],
    ['a)', 'a group that ends without a beginning'],
    ['(ab', 'a group without an end'],
  ])('%j cannot be read: %s', (diagram, fault) => {
    expect(() => parseMarbles(diagram)).toThrow(new TypeError(`"${diagram}" cannot be read: ${fault}`));
  });

  it('has a meaning for each of its characters, or cannot be read', () => {
    const meaningOf = (character: string): number | undefined => (character === 'a' ? 1 : undefined);

    expect(marblesIn('-a', meaningOf)).toEqual({ entries: [{ frame: 1, meaning: 1 }], length: 2 });
    expect(() => marblesIn('-b', meaningOf)).toThrow('"b" has no meaning; give it one in the values');
  });

  it('says the same to RxJS', () => {
    const part = fc.oneof(
      fc.constantFrom('a', 'b', '-', ' ', '(ab)'),
      fc.tuple(fc.nat(90), fc.constantFrom('ms', 's', 'm', 'h', 'd')).map(([n, unit]) => ` ${String(n)}${unit} `),
    );
    // In a run a frame is a millisecond.
    new TestScheduler(() => undefined).run(() => {
      fc.assert(
        fc.property(fc.array(part), (parts) => {
          const diagram = parts.join('');
          const theirs = TestScheduler.parseMarbles(inRxjsUnits(diagram), undefined, undefined, false, true);
          expect(parseMarbles(diagram).marbles.map(({ frame, character }) => [frame, character])).toEqual(
            theirs.map(({ frame, notification }) => [frame, Reflect.get(notification, 'value') as unknown]),
          );
        }),
      );
    });
  });
});
