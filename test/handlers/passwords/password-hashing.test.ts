import { describe, expect, it } from 'vitest';

import { PasswordHashing, type PasswordHashingOptions } from '../../../src/handlers/passwords/password-hashing.js';
import { CountingHasher } from './counting-hasher.js';
import { hashError } from './password-error.js';

const tally = (options: PasswordHashingOptions = {}) => {
  const hasher = new CountingHasher();
  return { hasher, hashing: new PasswordHashing({ hashers: [hasher], ...options }) };
};

describe('PasswordHashing', () => {
  it('says what is right, and does one verification of one cost for whatever is wrong', async () => {
    const { hasher, hashing } = tally({ maxPasswordBytes: 8 });
    const known = hasher.hashOf('secret');
    const long = 'x'.repeat(9);
    const cases: readonly (readonly [string, string | undefined, string, boolean])[] = [
      ['right', known, 'secret', true],
      ['wrong', known, 'guess', false],
      ['nobody', undefined, 'guess', false],
      ['empty', known, '', false],
      ['empty, as the hash says', hasher.hashOf(''), '', false],
      ['empty, of nobody', undefined, '', false],
      ['too long', known, long, false],
      ['too long, as the hash says', hasher.hashOf(long), long, false],
      ['too long in bytes', hasher.hashOf('ééééé'), 'ééééé', false],
      ['as long as may be', hasher.hashOf('12345678'), '12345678', true],
      ['locked by !', `!${known}`, 'secret', false],
      ['locked by *', '*', 'secret', false],
    ];
    for (const [what, hash, password, correct] of cases) {
      hasher.costs.length = 0;

      await expect(hashing.verify(hash, password), what).resolves.toEqual({ correct, needsRehash: false });
      expect(hasher.costs, what).toEqual(['1']);
    }
  });

  it.each([
    ['that is of no known kind', '$other$1$secret', hashError('is of a kind that no hasher knows')],
    ['that is empty', '', hashError('is of a kind that no hasher knows')],
    ['that its hasher cannot read', '$tally$1', new Error('unreadable')],
  ])('does the same work before it complains of a hash %s', async (_what, hash, error) => {
    const { hasher, hashing } = tally();

    await expect(hashing.verify(hash, 'secret')).rejects.toEqual(error);
    expect(hasher.costs).toEqual(['1']);
  });

  it('lets nobody in with the password of a decoy', async () => {
    const hasher = new CountingHasher();
    const hashing = new PasswordHashing({ hashers: [hasher], decoys: [hasher.hashOf('decoy')] });

    await expect(hashing.verify(undefined, 'decoy')).resolves.toEqual({ correct: false, needsRehash: false });
    expect(hasher.costs).toEqual(['1']);
  });

  it('verifies by prefix, and wants a hash anew that is cheaper, or not of the first hasher', async () => {
    const [now, before] = [new CountingHasher('now', '9'), new CountingHasher('before')];
    const hashing = new PasswordHashing({ hashers: [now, before] });
    const check = (hash: string) => hashing.verify(hash, 'secret');

    await expect(check(now.hashOf('secret'))).resolves.toEqual({ correct: true, needsRehash: false });
    await expect(check(now.hashOf('secret', '8'))).resolves.toEqual({ correct: true, needsRehash: true });
    await expect(check(before.hashOf('secret'))).resolves.toEqual({ correct: true, needsRehash: true });
    await expect(check(now.hashOf('another', '8'))).resolves.toEqual({ correct: false, needsRehash: false });
    expect(now.costs).toEqual(['9', '8', '8']);
    expect(before.costs).toEqual(['1']);
  });

  it('verifies for an unknown user what the first hasher makes, unless decoys are given', async () => {
    const [now, before] = [new CountingHasher('now', '9'), new CountingHasher('before')];
    await new PasswordHashing({ hashers: [now, before] }).verify(undefined, 'guess');
    expect([now.costs, before.costs]).toEqual([['9'], []]);

    await new PasswordHashing({ hashers: [now, before], decoys: [before.decoy] }).verify(undefined, 'guess');
    expect([now.costs, before.costs]).toEqual([['9'], ['1']]);
  });

  it('spreads unknown users over the decoys, each name always to the same, in each process that has these decoys', async () => {
    const hasher = new CountingHasher();
    const decoys = ['1', '2', '2', '2'].map((cost, index) => hasher.hashOf(`decoy ${String(index)}`, cost));
    const users = Array.from({ length: 400 }, (_, index) => `user ${String(index)}`);
    const costsOf = async (list: readonly string[]): Promise<readonly string[]> => {
      hasher.costs.length = 0;
      const hashing = new PasswordHashing({ hashers: [hasher], decoys: list });
      for (const user of users) await hashing.verify(undefined, 'guess', { user });
      return [...hasher.costs];
    };
    const costs = await costsOf(decoys);

    expect(await costsOf(decoys)).toEqual(costs);
    // A quarter, give or take more than five standard deviations.
    const cheap = costs.filter((cost) => cost === '1').length;
    expect(cheap).toBeGreaterThan(55);
    expect(cheap).toBeLessThan(145);
    // Who does not know the decoys cannot foretell which one a name gets.
    expect(await costsOf([...decoys.slice(0, 3), hasher.hashOf('another', '2')])).not.toEqual(costs);
  });

  it('verifies so many at once, lets so many wait, and refuses the others whether or not their users exist', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const hasher = new CountingHasher('tally', '1', () => held);
    const hashing = new PasswordHashing({ hashers: [hasher], maxConcurrent: 2, maxWaiting: 1 });
    const busy = expect.objectContaining({ code: 'ERR_SSH_BUSY' }) as unknown;
    const taken = [
      hashing.verify(hasher.hashOf('secret'), 'secret'),
      hashing.verify(undefined, 'secret'),
      hashing.hash('secret'),
    ];

    await expect(hashing.verify(undefined, 'secret')).rejects.toEqual(busy);
    await expect(hashing.verify(hasher.hashOf('secret'), 'secret')).rejects.toEqual(busy);
    await expect(hashing.hash('secret')).rejects.toEqual(busy);
    expect(hasher.costs).toHaveLength(2);
    expect(hasher.hashed).toEqual([]);

    release();
    await expect(Promise.all(taken)).resolves.toEqual([
      { correct: true, needsRehash: false },
      { correct: false, needsRehash: false },
      '$tally$1$secret',
    ]);
  });

  it('does not begin with what nobody waits for any more', async () => {
    const { hasher, hashing } = tally();
    const signal = AbortSignal.abort(new Error('gone'));

    await expect(hashing.verify(hasher.hashOf('secret'), 'secret', { signal })).rejects.toThrow('gone');
    await expect(hashing.hash('secret', { signal })).rejects.toThrow('gone');
    expect(hasher.costs).toEqual([]);
    expect(hasher.hashed).toEqual([]);
  });

  it('hashes no password that it would not accept', async () => {
    const { hasher, hashing } = tally({ maxPasswordBytes: 3 });
    const refused = { code: 'ERR_SSH_OPTION', message: 'PasswordHashing: a password must have 1 to 3 bytes' };

    await expect(hashing.hash('')).rejects.toMatchObject(refused);
    await expect(hashing.hash('four')).rejects.toMatchObject(refused);
    expect(hasher.hashed).toEqual([]);
  });

  it('hashes nothing if its first hasher is for imports only', async () => {
    const { prefixes, decoy } = new CountingHasher();
    const hashing = new PasswordHashing({ hashers: [{ prefixes, decoy, verify: () => false }] });

    await expect(hashing.hash('secret')).rejects.toMatchObject({ code: 'ERR_SSH_OPTION' });
  });

  it('hashes with scrypt unless told otherwise', async () => {
    const hashing = new PasswordHashing();
    const hash = await hashing.hash('secret');

    expect(hash).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/);
    await expect(hashing.verify(hash, 'secret')).resolves.toEqual({ correct: true, needsRehash: false });
  });

  it.each<readonly [PasswordHashingOptions, string]>([
    [{ hashers: [] }, 'hashers must have at least one, got []'],
    [{ maxConcurrent: 0 }, 'maxConcurrent must be an integer of at least 1, got 0'],
    [{ maxConcurrent: 1.5 }, 'maxConcurrent must be an integer of at least 1, got 1.5'],
    [{ maxWaiting: -1 }, 'maxWaiting must be an integer of at least 0, got -1'],
    [{ maxPasswordBytes: 0 }, 'maxPasswordBytes must be an integer of at least 1, got 0'],
    [{ decoys: [] }, 'decoys must be hashes that the hashers verify'],
    [{ decoys: ['$2b$10$secret'] }, 'decoys must be hashes that the hashers verify'],
  ])('refuses %o when it is made', (options, message) => {
    expect(() => new PasswordHashing(options)).toThrow(
      expect.objectContaining({ code: 'ERR_SSH_OPTION', message: `PasswordHashing: ${message}` }),
    );
  });
});
