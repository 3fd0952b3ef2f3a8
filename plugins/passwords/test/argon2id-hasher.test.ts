import fc from 'fast-check';
import { formatPhcString, parsePhcString } from 'rxsshd';
import { describe, expect, it } from 'vitest';

import { argon2idHasher, type Argon2idParameters } from '../src/index.js';

/** As cheap as it can be. */
const CHEAP = { m: 8, t: 1, p: 1 };
const hasher = argon2idHasher();

const hashError = (rule: string): unknown =>
  expect.objectContaining({ code: 'ERR_SSH_PASSWORD_HASH', message: `the password hash of argon2id ${rule}` });

const stored = (parameters: Readonly<Record<string, number>>, salt = 'saltsalt', hash = '0'.repeat(16), version = 19) =>
  formatPhcString({ id: 'argon2id', version, parameters, salt: Buffer.from(salt), hash: Buffer.from(hash) });

describe('argon2idHasher', () => {
  // From the tests of the reference implementation, P-H-C/phc-winner-argon2.
  it.each([
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc',
  ])('verifies what others have hashed: %s', async (hash) => {
    await expect(hasher.verify(hash, 'password')).resolves.toBe(true);
    await expect(hasher.verify(hash, 'Password')).resolves.toBe(false);
    expect(hasher.needsRehash(hash)).toBe(true);
  });

  it('verifies what it has hashed and nothing else, whatever the password and the parameters are', async () => {
    const parameters = fc
      .record({
        m: fc.integer({ min: 8, max: 64 }),
        t: fc.integer({ min: 1, max: 3 }),
        p: fc.integer({ min: 1, max: 2 }),
      })
      .map(({ m, t, p }) => ({ m: m * p, t, p }));
    const text = fc.string({ unit: 'grapheme', minLength: 1 });
    await fc.assert(
      fc.asyncProperty(parameters, text, text, async (cost, password, other) => {
        const hash = await argon2idHasher(cost).hash(password);

        expect(parsePhcString(hash)).toMatchObject({ id: 'argon2id', version: 19, parameters: cost });
        expect(await hasher.verify(hash, password)).toBe(true);
        expect(await hasher.verify(hash, password + other)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  it('never verifies a hash of which a byte has changed', async () => {
    const { hash, ...rest } = parsePhcString(await argon2idHasher(CHEAP).hash('secret'));
    for (let at = 0; at < hash.length; at += 1) {
      const changed = Uint8Array.from(hash, (byte, index) => (index === at ? byte ^ 0x40 : byte));

      expect(await hasher.verify(formatPhcString({ ...rest, hash: changed }), 'secret')).toBe(false);
    }
  });

  it('costs what OWASP recommends unless told otherwise, and its decoy costs the same', async () => {
    expect(parsePhcString(hasher.decoy).parameters).toEqual({ m: 19_456, t: 2, p: 1 });
    expect(parsePhcString(argon2idHasher(CHEAP).decoy).parameters).toEqual(CHEAP);
    expect(hasher.needsRehash(hasher.decoy)).toBe(false);
    await expect(hasher.verify(hasher.decoy, '')).resolves.toBe(false);
  });

  it.each<[string, Argon2idParameters]>([
    ['needs m, t and p, each an integer of at least 1', { t: 0 }],
    ['needs m, t and p, each an integer of at least 1', { m: 8.5 }],
    ['needs m, t and p, each an integer of at least 1', { p: NaN }],
    ['has more than 16 lanes', { p: 17, m: 1000 }],
    ['has less memory than 8 KiB for each lane', { m: 15, p: 2 }],
    ['needs more than 256 MiB to verify', { m: 262_145 }],
    ['takes too long to verify', { m: 262_144, t: 17 }],
    ['takes too long to verify', { m: 8, t: 2 ** 31 }],
  ])('refuses, for new hashes and stored ones, a cost that %s: %o', async (rule, cost) => {
    const complete = { ...CHEAP, ...cost };
    expect(() => argon2idHasher(complete)).toThrow(hashError(rule));

    if (Object.values(complete).every(Number.isInteger)) {
      await expect(hasher.verify(stored(complete), 'secret')).rejects.toEqual(hashError(rule));
    }
  });

  it.each([
    ['has other fields than v=19, m, t, p, salt and hash', stored({ ...CHEAP, keyid: 1 })],
    ['has other fields than v=19, m, t, p, salt and hash', stored(CHEAP, 'saltsalt', '0'.repeat(16), 16)],
    ['has other fields than v=19, m, t, p, salt and hash', '$argon2id$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA'],
    ['needs m, t and p, each an integer of at least 1', stored({ m: 8, t: 1 })],
    ['needs a salt of 8 to 64 bytes', stored(CHEAP, 's'.repeat(7))],
    ['needs a salt of 8 to 64 bytes', stored(CHEAP, 's'.repeat(65))],
    ['needs a hash of 16 to 64 bytes', stored(CHEAP, 'saltsalt', '0'.repeat(15))],
    ['needs a hash of 16 to 64 bytes', stored(CHEAP, 'saltsalt', '0'.repeat(65))],
  ])('refuses a stored hash that %s: %s', async (rule, hash) => {
    await expect(hasher.verify(hash, 'secret')).rejects.toEqual(hashError(rule));
  });

  it('refuses whatever is no hash with one code, and takes what a slip of a key has left of one for no password', async () => {
    const hash = await argon2idHasher(CHEAP).hash('secret');
    const edited = fc
      .tuple(fc.nat(hash.length), fc.string({ unit: 'binary-ascii', maxLength: 2 }), fc.nat(2))
      .map(([at, put, cut]) => hash.slice(0, at) + put + hash.slice(at + cut))
      .filter((text) => text !== hash);
    await fc.assert(
      fc.asyncProperty(edited, async (text) => {
        const verified = await Promise.resolve(hasher.verify(text, 'secret')).catch((error: unknown) => error);
        if (verified !== false) expect(verified).toMatchObject({ code: 'ERR_SSH_PASSWORD_HASH' });
      }),
      { numRuns: 500 },
    );
  });
});
