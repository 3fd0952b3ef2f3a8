import { describe, expect, it, vi } from 'vitest';

import { argon2Engine, nodeEngine, packageEngine } from '../src/argon2-engine.js';

const input = { password: 'pässword', salt: Buffer.from('somesalt'), length: 32, m: 256, t: 2, p: 1 };

describe('the engine of Node', () => {
  it('is used where Node has one', () => {
    expect(nodeEngine({ argon2: () => undefined })).toBeTypeOf('function');
    expect(nodeEngine({})).toBeUndefined();
  });

  it('is told everything, under the names that Node has for it', async () => {
    const argon2 = vi.fn((_algorithm: string, _parameters: object, done: (error: null, hash: Buffer) => void) => {
      done(null, Buffer.from('hash'));
    });
    const hash = await nodeEngine({ argon2 })?.(input);

    expect(hash).toEqual(Buffer.from('hash'));
    expect(argon2).toHaveBeenCalledExactlyOnceWith(
      'argon2id',
      {
        message: Buffer.from('pässword', 'utf8'),
        nonce: input.salt,
        parallelism: 1,
        tagLength: 32,
        memory: 256,
        passes: 2,
      },
      expect.any(Function),
    );
  });

  it('rejects with what Node says', async () => {
    const argon2 = (_algorithm: string, _parameters: object, done: (error: Error) => void): void => {
      done(new Error('no memory'));
    };

    await expect(nodeEngine({ argon2 })?.(input)).rejects.toThrow('no memory');
  });
});

it('there is an engine, whichever Node this is, and it agrees with the package', async () => {
  expect(Buffer.from(await argon2Engine()(input))).toEqual(Buffer.from(await packageEngine(input)));
});
