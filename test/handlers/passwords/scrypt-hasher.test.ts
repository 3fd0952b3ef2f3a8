import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hashPassword } from '../../../src/handlers/passwords/hash-password.js';
import { needsRehash } from '../../../src/handlers/passwords/needs-rehash.js';
import { formatPhcString, parsePhcString } from '../../../src/handlers/passwords/phc-string.js';
import { scryptHasher } from '../../../src/handlers/passwords/scrypt-hasher.js';
import type { ScryptParameters } from '../../../src/handlers/passwords/scrypt-parameters.js';
import { verifyPassword } from '../../../src/handlers/passwords/verify-password.js';
import { hashError } from './password-error.js';

/** So cheap that thousands of them take a second. */
const CHEAP = { ln: 1, r: 1, p: 1 };
const hasher = scryptHasher();

const stored = (parameters: Record<string, number>, salt: string | Uint8Array, hash: string): string =>
  formatPhcString({ id: 'scrypt', parameters, salt: Buffer.from(salt), hash: Buffer.from(hash, 'hex') });

describe('scryptHasher', () => {
  it.each([
    [
      'RFC 7914 section 12, second vector',
      'password',
      stored(
        { ln: 10, r: 8, p: 16 },
        // The salt of the vector has four bytes, which is too few to be accepted: see below.
        'NaCl',
        'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
      ),
      false,
    ],
    [
      'RFC 7914 section 12, third vector',
      'pleaseletmein',
      stored(
        { ln: 14, r: 8, p: 1 },
        'SodiumChloride',
        '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
      ),
      true,
    ],
    [
      'of Passlib, from its documentation',
      'password',
      '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E',
      true,
    ],
  ])('verifies what others have hashed: %s', async (_source, password, hash, isTaken) => {
    const verified = Promise.resolve(hasher.verify(hash, password));
    if (isTaken) {
      await expect(verified).resolves.toBe(true);
      await expect(hasher.verify(hash, `${password}.`)).resolves.toBe(false);
    } else {
      await expect(verified).rejects.toEqual(hashError('of scrypt needs a salt of 8 to 64 bytes'));
    }
  });

  it('verifies what it has hashed and nothing else, with whatever parameters: the memory that it allows is enough', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          ln: fc.integer({ min: 1, max: 11 }),
          r: fc.integer({ min: 1, max: 12 }),
          p: fc.integer({ min: 1, max: 4 }),
        }),
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.string({ unit: 'grapheme', minLength: 1 }),
        async (parameters, password, other) => {
          const hash = await scryptHasher(parameters).hash(password);

          expect(await hasher.verify(hash, password)).toBe(true);
          expect(await hasher.verify(hash, `${password}${other}`)).toBe(false);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('never verifies a hash of which a bit has changed', async () => {
    const { hash, ...rest } = parsePhcString(await scryptHasher(CHEAP).hash('secret'));
    for (let bit = 0; bit < hash.length * 8; bit += 1) {
      const changed = Uint8Array.from(hash, (byte, index) => byte ^ (index === bit >> 3 ? 1 << (bit & 7) : 0));

      expect(await hasher.verify(formatPhcString({ ...rest, hash: changed }), 'secret')).toBe(false);
    }
  });

  it('gives each hash a salt of its own', async () => {
    const cheap = scryptHasher(CHEAP);

    expect(await cheap.hash('secret')).not.toBe(await cheap.hash('secret'));
  });

  it('costs what OWASP recommends unless told otherwise, and its decoy costs the same', () => {
    expect(parsePhcString(hasher.decoy)).toMatchObject({ id: 'scrypt', parameters: { ln: 15, r: 8, p: 3 } });
    expect(parsePhcString(hasher.decoy).salt).toHaveLength(16);
    expect(parsePhcString(hasher.decoy).hash).toHaveLength(32);
    expect(parsePhcString(scryptHasher(CHEAP).decoy)).toMatchObject({ parameters: CHEAP });
    expect(scryptHasher(CHEAP).decoy).not.toBe(scryptHasher(CHEAP).decoy);
  });

  it.each<[string, string | ScryptParameters]>([
    ['of scrypt needs ln, r and p, each an integer of at least 1', { ln: 0 }],
    ['of scrypt needs ln, r and p, each an integer of at least 1', { r: 0 }],
    ['of scrypt needs ln, r and p, each an integer of at least 1', { p: 1.5 }],
    ['of scrypt needs ln, r and p, each an integer of at least 1', { ln: NaN }],
    ['of scrypt has an ln that is too large for its r', { ln: 16, r: 1 }],
    ['of scrypt needs more than 256 MiB to verify', { ln: 18, r: 9, p: 1 }],
    ['of scrypt needs more than 256 MiB to verify', { ln: 2 ** 31, r: 2 ** 31, p: 1 }],
    ['of scrypt takes too long to verify', { ln: 18, r: 8, p: 3 }],
    ['of scrypt takes too long to verify', { ln: 1, r: 1, p: 2 ** 31 }],
  ])('refuses, for new hashes and stored ones, a cost that %s: %o', async (rule, cost) => {
    const complete = { ...CHEAP, ...(cost as ScryptParameters) };
    expect(() => scryptHasher(complete)).toThrow(hashError(rule));

    if (Object.values(complete).every(Number.isSafeInteger)) {
      const hash = stored(complete, 'saltsalt', '00'.repeat(16));
      await expect(hasher.verify(hash, 'secret')).rejects.toEqual(hashError(rule));
    }
  });

  it.each([
    [
      'of scrypt needs ln, r and p, each an integer of at least 1',
      stored({ ln: 1, r: 1 }, 'saltsalt', '00'.repeat(16)),
    ],
    [
      'of scrypt has other fields than ln, r, p, salt and hash',
      stored({ ...CHEAP, m: 1 }, 'saltsalt', '00'.repeat(16)),
    ],
    [
      'of scrypt has other fields than ln, r, p, salt and hash',
      '$argon2id$ln=1,r=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA',
    ],
    [
      'of scrypt has other fields than ln, r, p, salt and hash',
      '$scrypt$v=1$ln=1,r=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA',
    ],
    ['of scrypt needs a salt of 8 to 64 bytes', stored(CHEAP, 'saltsal', '00'.repeat(16))],
    ['of scrypt needs a salt of 8 to 64 bytes', stored(CHEAP, 's'.repeat(65), '00'.repeat(16))],
    ['of scrypt needs a hash of 16 to 64 bytes', stored(CHEAP, 'saltsalt', '00'.repeat(15))],
    ['of scrypt needs a hash of 16 to 64 bytes', stored(CHEAP, 'saltsalt', '00'.repeat(65))],
  ])('refuses a stored hash that %s: %s', async (rule, hash) => {
    await expect(hasher.verify(hash, 'secret')).rejects.toEqual(hashError(rule));
  });
});

describe('hashPassword, verifyPassword and needsRehash', () => {
  it('belong together', async () => {
    const hash = await hashPassword('secret', { ln: 4 });

    expect(hash).toMatch(/^\$scrypt\$ln=4,r=8,p=3\$[\w+/]{22}\$[\w+/]{43}$/);
    await expect(verifyPassword(hash, 'secret')).resolves.toBe(true);
    await expect(verifyPassword(hash, 'Secret')).resolves.toBe(false);
    await expect(verifyPassword(undefined, 'secret')).resolves.toBe(false);
    expect(needsRehash(hash, { ln: 4 })).toBe(false);
    expect(needsRehash(hash)).toBe(true);
  });

  it('hash no empty password, and none with parameters that are out of range', async () => {
    await expect(hashPassword('')).rejects.toMatchObject({ code: 'ERR_SSH_OPTION' });
    await expect(hashPassword('secret', { ln: 99 })).rejects.toMatchObject({ code: 'ERR_SSH_PASSWORD_HASH' });
  });

  it('want a hash made anew that cannot be read, is of another scheme, or has a short salt or hash', () => {
    expect(needsRehash('$2b$10$abc', CHEAP)).toBe(true);
    expect(needsRehash('!', CHEAP)).toBe(true);
    expect(needsRehash(stored(CHEAP, 's'.repeat(16), '00'.repeat(32)), CHEAP)).toBe(false);
    expect(needsRehash(stored(CHEAP, 's'.repeat(15), '00'.repeat(32)), CHEAP)).toBe(true);
    expect(needsRehash(stored(CHEAP, 's'.repeat(16), '00'.repeat(31)), CHEAP)).toBe(true);
    expect(() => needsRehash('!', { ln: 99 })).toThrow(expect.objectContaining({ code: 'ERR_SSH_PASSWORD_HASH' }));
  });
});
