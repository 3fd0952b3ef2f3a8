import { Worker } from 'node:worker_threads';
import path from 'node:path';

import { hashSync } from 'bcryptjs';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { RunningProgram } from '../../../test/support/running-program.js';
import { bcryptDecoy } from '../src/bcrypt-hash.js';
import { BcryptPool } from '../src/bcrypt-pool.js';
import { startBcryptWorker } from '../src/bcrypt-worker.js';
import { type BcryptHasher, bcryptHasher, type BcryptHasherOptions } from '../src/index.js';

const hasher = bcryptHasher();
const others: { close(): Promise<void> }[] = [];
const cheap = hashSync('secret', 4);

/** A hasher or pool that is closed at the end of the test. */
function opened<T extends { close(): Promise<void> }>(it: T): T {
  others.push(it);
  return it;
}

const made = (options: BcryptHasherOptions): BcryptHasher => opened(bcryptHasher(options));

afterEach(async () => {
  await Promise.all(others.splice(0).map((it) => it.close()));
});

describe('bcryptHasher', () => {
  // From crypt_blowfish of Openwall.
  it.each([
    ['$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
    ['$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK', 'U*U*'],
    ['$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a', 'U*U*U'],
    ['$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
    ['$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
  ])('verifies what others have hashed: %s', async (hash, password) => {
    await expect(hasher.verify(hash, password)).resolves.toBe(true);
    await expect(hasher.verify(hash, `${password}U`)).resolves.toBe(false);
  });

  it('verifies hashes of any password, and no other password', async () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(text, text, async (password, other) => {
        fc.pre(Buffer.byteLength(password + other) <= 72);
        const hash = hashSync(password, 4);

        expect(await hasher.verify(hash, password)).toBe(true);
        expect(await hasher.verify(hash, password + other)).toBe(false);
      }),
      { numRuns: 25 },
    );
  });

  it('takes 72 bytes, and no password that is longer unless it is told to', async () => {
    const [most, long] = ['é'.repeat(36), 'é'.repeat(37)];
    const truncating = made({ longPasswords: 'truncate' });

    await expect(hasher.verify(hashSync(most, 4), most)).resolves.toBe(true);
    await expect(hasher.verify(hashSync(long, 4), long)).resolves.toBe(false);
    await expect(hasher.verify(hashSync('', 4), long)).resolves.toBe(false);
    await expect(truncating.verify(hashSync(long, 4), long)).resolves.toBe(true);
    await expect(truncating.verify(hashSync(long, 4), `${most}and what nobody sees`)).resolves.toBe(true);
    await expect(truncating.verify(hashSync(long, 4), `é${most}`.slice(1, 36))).resolves.toBe(false);
  });

  it.each([
    '',
    '$2b$10$short',
    '$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    '$2$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    '$2b$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    '$2b$5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    '$2b$32$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    '$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n',
    '$2b$05$CCCCCCCCCCCCCCCCCCCC=.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
  ])('refuses what is no hash, without showing it: %j', async (hash) => {
    await expect(hasher.verify(hash, 'secret')).rejects.toMatchObject({
      code: 'ERR_SSH_PASSWORD_HASH',
      message: 'the password hash is none of bcrypt: $2a$, $2b$ or $2y$, a cost, 53 digits',
    });
  });

  it.each([
    [{}, 15],
    [{ maxCost: 4, decoyCost: 4 }, 5],
  ])('with %o refuses a hash that costs %d', async (options, cost) => {
    await expect(made(options).verify(bcryptDecoy(cost), 'secret')).rejects.toMatchObject({
      code: 'ERR_SSH_PASSWORD_HASH',
      message: `the password hash of bcrypt has a cost above ${String(cost - 1)}`,
    });
  });

  it('has a decoy of the cost that it is told, another each time, which it verifies', async () => {
    expect(hasher.decoy).toMatch(/^\$2b\$10\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}$/);
    expect(bcryptDecoy(4)).not.toBe(bcryptDecoy(4));
    const { decoy, verify } = made({ decoyCost: 4 });
    expect(decoy).toMatch(/^\$2b\$04\$/);
    await expect(verify(decoy, 'secret')).resolves.toBe(false);
  });

  it('makes no hashes, and wants all of its own made anew', () => {
    expect(hasher).not.toHaveProperty('hash');
    expect(hasher.needsRehash?.(cheap)).toBe(true);
  });

  it.each<[string, BcryptHasherOptions]>([
    ['workers must be an integer from 1 to 64, got 0', { workers: 0 }],
    ['workers must be an integer from 1 to 64, got 65', { workers: 65 }],
    ['maxCost must be an integer from 4 to 31, got 3', { maxCost: 3 }],
    ['maxCost must be an integer from 4 to 31, got 32', { maxCost: 32 }],
    ['decoyCost must be an integer from 4 to 14, got 15', { decoyCost: 15 }],
    ['decoyCost must be an integer from 4 to 8, got 10', { maxCost: 8 }],
    ["longPasswords must be 'refuse' or 'truncate', got 'cut'", { longPasswords: 'cut' as 'refuse' }],
  ])('refuses, as it is made: %s', (message, options) => {
    expect(() => bcryptHasher(options)).toThrow(
      expect.objectContaining({ code: 'ERR_SSH_OPTION', message: `bcryptHasher: ${message}` }),
    );
  });
});

const NO_THREAD = new Error('ERR_WORKER_INIT_FAILED');
const noThread = (): never => {
  throw NO_THREAD;
};

describe('the worker threads of bcrypt', () => {
  const right = { hash: cheap, password: 'secret' };

  it('are started when they are needed, no more than there may be, and used again', async () => {
    const pool = opened(new BcryptPool(2));
    expect(pool.workers).toBe(0);
    await pool.verify(right);
    expect(pool.workers).toBe(1);
    await pool.verify(right);
    expect(pool.workers).toBe(1);

    const answers = Array.from({ length: 8 }, (_, index) =>
      pool.verify({ ...right, password: index % 2 === 0 ? 'secret' : 'guess' }),
    );
    expect(pool.workers).toBe(2);
    await expect(Promise.all(answers)).resolves.toEqual(answers.map((_, index) => index % 2 === 0));
    expect(pool.workers).toBe(2);
  });

  it('reject what they cannot do, and go on', async () => {
    const pool = opened(new BcryptPool(1));

    await expect(pool.verify({ ...right, hash: '$2b$99$'.padEnd(60, '.') })).rejects.toThrow('bcrypt failed');
    await expect(pool.verify(right)).resolves.toBe(true);
  });

  it.each([
    ['ends', 'process.exit(0)', 'a bcrypt worker has ended'],
    ['fails', "throw new Error('broken')", 'broken'],
  ])('are replaced if one %s, which costs one job', async (_what, program, message) => {
    const programs = [program];
    const pool = opened(
      new BcryptPool(1, () => {
        const broken = programs.pop();
        return broken === undefined ? startBcryptWorker() : new Worker(broken, { eval: true });
      }),
    );
    const [first, second] = [pool.verify(right), pool.verify(right)];

    await expect(first).rejects.toThrow(message);
    await expect(second).resolves.toBe(true);
    expect(pool.workers).toBe(1);
  });

  it('reject the job for which none can be started, and go on with the next', async () => {
    const outcomes: (() => Worker)[] = [startBcryptWorker, noThread, noThread];
    const start = vi.fn(() => (outcomes.pop() ?? noThread)());
    const pool = opened(new BcryptPool(1, start));
    const jobs = [pool.verify(right), pool.verify(right), pool.verify(right), pool.verify(right)];

    await expect(jobs[0]).rejects.toMatchObject({ message: 'a bcrypt worker could not be started', cause: NO_THREAD });
    await expect(jobs[1]).rejects.toThrow('could not be started');
    await expect(Promise.all(jobs.slice(2))).resolves.toEqual([true, true]);
    expect(start).toHaveBeenCalledTimes(3);
    expect(pool.workers).toBe(1);
  });

  it('reject everybody who waits, and throw nowhere, if none can be started in place of one that has ended', async () => {
    const outcomes: (() => Worker)[] = [() => new Worker('process.exit(0)', { eval: true })];
    const pool = opened(new BcryptPool(1, () => (outcomes.pop() ?? noThread)()));
    const jobs = [pool.verify(right), pool.verify(right), pool.verify(right)];

    await expect(jobs[0]).rejects.toThrow('has ended');
    await expect(jobs[1]).rejects.toThrow('could not be started');
    await expect(jobs[2]).rejects.toThrow('could not be started');
    expect(pool.workers).toBe(0);
  });

  it('are ended by close, with what is under way and what waits, and take nothing more', async () => {
    const pool = new BcryptPool(1);
    await pool.verify(right);
    const jobs = [pool.verify({ ...right, hash: bcryptDecoy(14) }), pool.verify(right)];
    const outcomes = Promise.allSettled(jobs);
    await pool.close();

    const refused = { status: 'rejected', reason: { code: 'ERR_SSH_STATE' } };
    await expect(outcomes).resolves.toMatchObject([refused, refused]);
    await expect(pool.verify(right)).rejects.toMatchObject({ code: 'ERR_SSH_STATE' });
    expect(pool.workers).toBe(0);
    await expect(pool.close()).resolves.toBeUndefined();
  });

  it('keep a process alive until they have answered, and not when they are idle', async () => {
    const root = path.resolve(import.meta.dirname, '../../..');
    await using program = RunningProgram.start(
      process.execPath,
      ['--import', 'tsx', 'plugins/passwords/test/fixtures/verify-once.ts'],
      { cwd: root },
    );

    await expect(program.finished).resolves.toMatchObject({ status: 0, stdout: Buffer.from('true\n') });
  }, 60_000);
});
