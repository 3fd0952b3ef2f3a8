import { createRequire } from 'node:module';

import { hashSync } from 'bcryptjs';
import { inject } from 'inversify';
import {
  createServer,
  generateHostKey,
  PASSWORD_HASHING,
  type PasswordHashing,
  scryptHasher,
  SshHandler,
} from 'rxsshd';
import { describe, expect, it } from 'vitest';

import { argon2idHasher, passwordsPlugin, type PasswordsPluginOptions } from '../src/index.js';

const { hostKey } = await generateHostKey('ssh-ed25519');
const CHEAP = { m: 8, t: 1, p: 1 };

/** A server with the plugin, and what it injects. */
async function serverWith(options: PasswordsPluginOptions) {
  const injected: PasswordHashing[] = [];

  @SshHandler()
  class Desk {
    constructor(@inject(PASSWORD_HASHING) hashing: PasswordHashing) {
      injected.push(hashing);
    }
  }

  const plugins = [passwordsPlugin(options)];
  const server = await createServer({ hostKeys: [hostKey], handlers: [Desk], plugins, onWarning: () => undefined });
  const [hashing] = injected;
  if (hashing === undefined) throw new Error('nothing was injected');
  return { server, hashing };
}

describe('passwordsPlugin', () => {
  it('has the name and version of its package', () => {
    const { name, version } = createRequire(import.meta.url)('../package.json') as Record<string, unknown>;

    expect(passwordsPlugin()).toMatchObject({ name, version });
  });

  it('injects what hashes by argon2id, and verifies hashes by scrypt and bcrypt, which it wants made anew', async () => {
    const { server, hashing } = await serverWith({ argon2id: CHEAP });
    const own = await hashing.hash('secret');
    const right = { correct: true, needsRehash: false };
    const dated = { correct: true, needsRehash: true };

    expect(own).toMatch(/^\$argon2id\$v=19\$m=8,t=1,p=1\$/);
    await expect(hashing.verify(own, 'secret')).resolves.toEqual(right);
    await expect(hashing.verify(await argon2idHasher().hash('secret'), 'secret')).resolves.toEqual(dated);
    await expect(hashing.verify(await scryptHasher({ ln: 4 }).hash('secret'), 'secret')).resolves.toEqual(dated);
    await expect(hashing.verify(hashSync('secret', 4), 'secret')).resolves.toEqual(dated);
    await expect(hashing.verify(own, 'guess')).resolves.toEqual({ correct: false, needsRehash: false });
    await expect(hashing.verify(undefined, 'guess')).resolves.toEqual({ correct: false, needsRehash: false });
    await server.shutdown({ graceMs: 0 });
  });

  it('ends its threads with the server, each server its own', async () => {
    const [one, other] = [await serverWith({}), await serverWith({})];
    const hash = hashSync('secret', 4);
    await one.hashing.verify(hash, 'secret');
    await one.server.shutdown({ graceMs: 0 });

    await expect(one.hashing.verify(hash, 'secret')).rejects.toMatchObject({ code: 'ERR_SSH_STATE' });
    await expect(other.hashing.verify(hash, 'secret')).resolves.toMatchObject({ correct: true });
    await other.server.shutdown({ graceMs: 0 });
  });

  it('hands on its bounds, and what bcrypt is told', async () => {
    const { server, hashing } = await serverWith({ maxPasswordBytes: 3, bcrypt: { maxCost: 4, decoyCost: 4 } });

    await expect(hashing.hash('four')).rejects.toMatchObject({ code: 'ERR_SSH_OPTION' });
    await expect(hashing.verify(hashSync('abc', 5), 'abc')).rejects.toMatchObject({ code: 'ERR_SSH_PASSWORD_HASH' });
    await server.shutdown({ graceMs: 0 });
  });

  it.each<[PasswordsPluginOptions['decoys'], string]>([
    [undefined, 'none'],
    [{ bcrypt: 1 }, 'all'],
    [{ bcrypt: 2, argon2id: 0 }, 'all'],
    [{ argon2id: 1, bcrypt: 1 }, 'some'],
    [{ scrypt: 1 }, 'none'],
    [[hashSync('decoy', 4)], 'all'],
  ])('with decoys %o, of users who have no hash %s cost a hash of bcrypt', async (decoys, who) => {
    const cheap = { argon2id: CHEAP, scrypt: { ln: 4 }, bcrypt: { decoyCost: 4 } };
    const { server, hashing } = await serverWith(decoys === undefined ? cheap : { ...cheap, decoys });
    await server.shutdown({ graceMs: 0 });
    // Without its threads bcrypt says no.
    const users = Array.from({ length: 64 }, (_, index) => `user ${String(index)}`);
    const outcomes = await Promise.allSettled(users.map((user) => hashing.verify(undefined, 'guess', { user })));
    const byBcrypt = outcomes.filter(({ status }) => status === 'rejected').length;

    expect(byBcrypt === 0 ? 'none' : byBcrypt === users.length ? 'all' : 'some').toBe(who);
  });

  it.each<[PasswordsPluginOptions, string]>([
    [{ argon2id: { m: 1 } }, 'ERR_SSH_PASSWORD_HASH'],
    [{ scrypt: { ln: 99 } }, 'ERR_SSH_PASSWORD_HASH'],
    [{ bcrypt: { workers: 0 } }, 'ERR_SSH_OPTION'],
    [{ maxWaiting: -1 }, 'ERR_SSH_OPTION'],
    [{ decoys: {} }, 'ERR_SSH_OPTION'],
    [{ decoys: { bcrypt: 0 } }, 'ERR_SSH_OPTION'],
    [{ decoys: { bcrypt: 0.5 } }, 'ERR_SSH_OPTION'],
    [{ decoys: { bcrypt: 1, scrypt: -1 } }, 'ERR_SSH_OPTION'],
    [{ decoys: { bcrypt: 1001 } }, 'ERR_SSH_OPTION'],
    [{ decoys: { md5: 1 } as object }, 'ERR_SSH_OPTION'],
    [{ decoys: { toString: 1 } as object }, 'ERR_SSH_OPTION'],
    [{ decoys: [] }, 'ERR_SSH_OPTION'],
  ])('checks its options before a server is built: %o', (options, code) => {
    expect(() => passwordsPlugin(options)).toThrow(expect.objectContaining({ code }));
  });
});
