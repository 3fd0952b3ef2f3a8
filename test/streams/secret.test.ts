import { inspect } from 'node:util';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Secret } from '../../src/streams/secret.js';

const text = 'hunter2 is my password';

describe('Secret', () => {
  it.each<readonly [string, (secret: Secret) => unknown]>([
    ['a template', (secret) => `password ${String(secret)}`],
    ['concatenation', (secret) => 'x' + String(secret)],
    ['JSON', (secret) => JSON.stringify({ password: secret })],
    ['util.inspect', (secret) => inspect({ deep: { password: secret } }, { depth: 9, showHidden: true })],
    ['a copy', (secret) => inspect(Object.assign({}, secret), { showHidden: true })],
    ['its keys', (secret) => [...Object.keys(secret), ...Object.getOwnPropertyNames(secret)].join()],
    ['an error message', (secret) => new Error(`wrong: ${String(secret)}`).stack],
  ])('is not told by %s', (_how, print) => {
    expect(String(print(new Secret(text)))).not.toContain('hunter2');
  });

  it('prints as redacted', () => {
    const secret = new Secret(text);

    expect([String(secret), JSON.stringify(secret), inspect(secret)]).toEqual([
      '[redacted]',
      '"[redacted]"',
      '[redacted]',
    ]);
  });

  it('is told by expose() alone', () => {
    expect(new Secret(text).expose()).toBe(text);
  });

  it('compares as strings do', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (first, second) => {
        expect(new Secret(first).equals(second)).toBe(first === second);
        expect(new Secret(first).equals(first)).toBe(true);
      }),
    );
  });

  it('tells an empty one from one with a NUL, and a prefix from the whole', () => {
    expect(new Secret('').equals('\0')).toBe(false);
    expect(new Secret('secret').equals('secre')).toBe(false);
    expect(new Secret('').equals('')).toBe(true);
  });
});
