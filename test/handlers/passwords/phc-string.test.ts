import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { formatPhcString, parsePhcString, type PhcString } from '../../../src/handlers/passwords/phc-string.js';
import { hashError } from './password-error.js';

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,7}$/);
const bytes = fc.uint8Array({ minLength: 1, maxLength: 64 });
const phc: fc.Arbitrary<PhcString> = fc
  .record({
    id: name,
    version: fc.option(fc.nat(), { nil: undefined }),
    parameters: fc.dictionary(name, fc.nat(), { minKeys: 1, maxKeys: 5, noNullPrototype: true }),
    salt: bytes,
    hash: bytes,
  })
  .map(({ version, ...rest }) => (version === undefined ? rest : { ...rest, version }))
  // Without a version, a parameter called v in front cannot be told from one.
  .filter(({ parameters }) => !('v' in parameters));

const text = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g';

describe('a PHC string', () => {
  it('is read into its fields', () => {
    expect(parsePhcString(text)).toEqual({
      id: 'argon2id',
      version: 19,
      parameters: { m: 19_456, t: 2, p: 1 },
      salt: Buffer.from('saltsalt'),
      hash: Buffer.from('hashhash'),
    });
  });

  it('comes back from its text as it was', () => {
    fc.assert(
      fc.property(phc, (it) => {
        const { salt, hash, ...fields } = parsePhcString(formatPhcString(it));

        expect({ ...fields, salt: [...salt], hash: [...hash] }).toEqual({
          ...it,
          salt: [...it.salt],
          hash: [...it.hash],
        });
      }),
    );
  });

  it('has one form: whatever can be read is written as it was read, and all else is refused with one code', () => {
    const edited = fc
      .tuple(phc.map(formatPhcString), fc.nat(), fc.string({ unit: 'binary-ascii', maxLength: 3 }), fc.nat(3))
      .map(([it, at, put, cut]) => {
        const place = at % (it.length + 1);
        return it.slice(0, place) + put + it.slice(place + cut);
      });
    fc.assert(
      fc.property(fc.oneof(edited, fc.string({ unit: 'binary' })), (it) => {
        let read: PhcString;
        try {
          read = parsePhcString(it);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_SSH_PASSWORD_HASH' });
          return;
        }
        expect(formatPhcString(read)).toBe(it);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['', 'is not in the form $id$v=version$parameters$salt$hash'],
    ['$scrypt$ln=1,r=8,p=1$c2FsdA', 'is not in the form $id$v=version$parameters$salt$hash'],
    ['$SCRYPT$ln=1$c2FsdA$aGFzaA', 'is not in the form $id$v=version$parameters$salt$hash'],
    [`${text}\n`, 'is not in the form $id$v=version$parameters$salt$hash'],
    [`$scrypt$ln=1$c2FsdA$${'A'.repeat(512)}`, 'is longer than 512 characters'],
    ['$scrypt$$c2FsdA$aGFzaA', 'has a parameter without a name or a value'],
    ['$scrypt$ln=1,$c2FsdA$aGFzaA', 'has a parameter without a name or a value'],
    ['$scrypt$1=1$c2FsdA$aGFzaA', 'has a parameter without a name or a value'],
    ['$scrypt$ln=1,ln=1$c2FsdA$aGFzaA', 'has a parameter twice'],
    ['$scrypt$ln=01$c2FsdA$aGFzaA', 'has a parameter that is no whole number of at most ten digits'],
    ['$scrypt$ln=1e3$c2FsdA$aGFzaA', 'has a parameter that is no whole number of at most ten digits'],
    ['$scrypt$ln=12345678901$c2FsdA$aGFzaA', 'has a parameter that is no whole number of at most ten digits'],
    ['$argon2id$v=-1$m=1$c2FsdA$aGFzaA', 'has a version that is no whole number of at most ten digits'],
    // Two more bits than there are bytes for, which are not zero; a length that no bytes have.
    ['$scrypt$ln=1$c2FsdB$aGFzaA', 'has a salt that is no base64 without padding'],
    ['$scrypt$ln=1$c2FsdA$aGFza', 'has a hash that is no base64 without padding'],
  ])('is refused if it is %j', (it, rule) => {
    expect(() => parsePhcString(it)).toThrow(hashError(rule));
  });
});
