import { chmod, chown, mkdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import fc from 'fast-check';
import { asyncScheduler, firstValueFrom, of } from 'rxjs';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import {
  authorizedKeysFile,
  type AuthorizedKeysFileOptions,
} from '../../../src/handlers/key-sources/authorized-keys-file.js';
import { isFileName } from '../../../src/handlers/key-sources/user-file-name.js';
import { grantPublicKey } from '../../../src/handlers/policies/authentication/grant-public-key.js';
import { DenyReason } from '../../../src/streams/deny-reason.js';
import type { SSHUserAuthRequest } from '../../../src/streams/events/ssh-user-auth-request.js';
import { consider } from '../../../src/streams/verdict.js';
import { policyContext } from '../../../src/testing/index.js';
import { keyOf, lineOf } from '../policies/keys.js';
import { optionError } from '../policies/policy-laws.js';
import { proven } from '../policies/requests.js';
import { temporaryFolder } from './temporary-folder.js';

const key = keyOf(1);
const other = keyOf(2);
const isRoot = process.geteuid?.() === 0;
const isWindows = process.platform === 'win32';

/** Asks for a sign-in of `user` with {@link key}. @returns the outcome, and the errors that the server was told of */
async function signIn(keysOf: ReturnType<typeof authorizedKeysFile>, user = 'ann', shown = key) {
  const context = policyContext();
  const policy = grantPublicKey(keysOf);
  const verdict = await firstValueFrom(policy(of(consider<SSHUserAuthRequest>(proven(shown, user), context))));
  const errors = context.reports.map((report) => (report.type === 'failure' ? report.cause : report));
  const outcome = verdict.state === 'open' ? verdict.declined?.reason : verdict.state;
  return { outcome, errors };
}

const accepted = { outcome: 'granted', errors: [] };
const unknown = { outcome: DenyReason.KeyNotAccepted, errors: [] };
const unusable = (message: string) => ({
  outcome: DenyReason.PolicyFailed,
  errors: [expect.objectContaining({ code: 'ERR_SSH_KEY', message }) as unknown],
});

describe('authorizedKeysFile', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    file = path.join(folder, 'ann');
    await writeFile(file, lineOf(key), { mode: 0o600 });
  });

  const byUser = (options?: AuthorizedKeysFileOptions) => authorizedKeysFile(path.join(folder, '%u'), options);

  it('finds the keys of each user in a file of the name, and none where there is no file', async () => {
    await writeFile(path.join(folder, 'bob'), lineOf(other), { mode: 0o600 });
    expect(await signIn(byUser())).toEqual(accepted);
    expect(await signIn(byUser(), 'bob')).toEqual(unknown);
    expect(await signIn(byUser(), 'bob', other)).toEqual(accepted);
    expect(await signIn(byUser(), 'eve')).toEqual(unknown);
    // A file where the path has a folder.
    expect(await signIn(authorizedKeysFile(path.join(folder, '%u', 'keys')))).toEqual(unknown);
  });

  it('looks at a file as often as it is told to, and no clock that was set back makes a look count longer', async () => {
    // The file is old enough by this clock that a change would be seen.
    let nowMs = Date.now() + 60_000;
    const clock = { scheduler: asyncScheduler, now: () => nowMs };
    const keysOf = byUser({ clock, lookEveryMs: 1_000 });
    expect(await signIn(keysOf)).toEqual(accepted);
    expect(await signIn(keysOf)).toEqual(accepted);

    await writeFile(file, lineOf(other), { mode: 0o600 });
    nowMs += 999;
    expect(await signIn(keysOf)).toEqual(accepted);
    nowMs -= 5_000;
    expect(await signIn(keysOf)).toEqual(unknown);
    expect(await signIn(keysOf, 'ann', other)).toEqual(accepted);
    expect(() => byUser({ lookEveryMs: -1 })).toThrow('lookEveryMs');
  });

  it('takes one file for all users, and a function', async () => {
    expect(await signIn(authorizedKeysFile(file), 'anybody/at all')).toEqual(accepted);
    const keysOf = authorizedKeysFile((user) => (user === 'ann' ? file : undefined));
    expect(await signIn(keysOf)).toEqual(accepted);
    expect(await signIn(keysOf, 'bob')).toEqual(unknown);
  });

  it('takes paths with percent signs, and from the working directory of the process', async () => {
    await mkdir(path.join(folder, '100%'));
    await rename(file, path.join(folder, '100%', 'ann'));
    expect(await signIn(authorizedKeysFile(path.join(folder, '100%%', '%u')))).toEqual(accepted);
    expect(await signIn(authorizedKeysFile(path.join(path.relative('.', folder), '100%%/%u')))).toEqual(accepted);
  });

  it('has percent signs of the working directory, which are no tokens', async () => {
    const folderOfSigns = path.join(folder, '100%u %x%');
    await mkdir(folderOfSigns);
    await rename(file, path.join(folderOfSigns, 'ann'));
    const cwd = vi.spyOn(process, 'cwd').mockReturnValue(folderOfSigns);
    onTestFinished(() => {
      cwd.mockRestore();
    });
    const keysOf = authorizedKeysFile('%u');
    // Where the process goes later is no matter.
    cwd.mockReturnValue('/');
    expect(await signIn(keysOf)).toEqual(accepted);
    expect(await signIn(keysOf, 'bob')).toEqual(unknown);
  });

  it('goes by what the file holds when the key is shown', async () => {
    const keysOf = byUser();
    expect(await signIn(keysOf)).toEqual(accepted);
    await writeFile(`${file}.new`, lineOf(other), { mode: 0o600 });
    await rename(`${file}.new`, file);
    expect(await signIn(keysOf)).toEqual(unknown);
    expect(await signIn(keysOf, 'ann', other)).toEqual(accepted);
    await rm(file);
    expect(await signIn(keysOf, 'ann', other)).toEqual(unknown);
  });

  it('tells once what a line of a file is wrong about, and again when the file has changed', async () => {
    const problems: unknown[] = [];
    const policy = grantPublicKey(byUser({ clock: { scheduler: asyncScheduler, now: () => Date.now() + 3_600_000 } }), {
      onProblem: ({ line }, user) => problems.push([line, user]),
    });
    const ask = () => firstValueFrom(policy(of(consider<SSHUserAuthRequest>(proven(key, 'ann')))));
    await writeFile(file, `nonsense\n${lineOf(key)}`);
    expect([(await ask()).state, (await ask()).state]).toEqual(['granted', 'granted']);
    expect(problems).toEqual([[1, 'ann']]);
    await writeFile(file, `\nnonsense\n${lineOf(key)}`);
    expect((await ask()).state).toBe('granted');
    expect(problems).toEqual([
      [1, 'ann'],
      [2, 'ann'],
    ]);
  });

  it('gives no keys of a file that is too large, or none, and says which', async () => {
    const long = `authorizedKeysFile: ${file} gives no keys, since it is larger than 20 bytes`;
    expect(await signIn(byUser({ maxBytes: 20 }))).toEqual(unusable(long));
    await rm(file);
    await mkdir(file, { mode: 0o700 });
    const none = `authorizedKeysFile: ${file} gives no keys, since it is not a regular file`;
    expect(await signIn(byUser())).toEqual(unusable(none));
  });

  it.skipIf(isRoot || isWindows)('says of a file that cannot be read that it cannot (not as root)', async () => {
    await chmod(file, 0);
    const { outcome, errors } = await signIn(byUser());
    expect(outcome).toBe(DenyReason.PolicyFailed);
    expect(errors).toMatchObject([{ code: 'ERR_SSH_KEY', cause: { code: 'EACCES' } }]);
  });

  it('recovers when the file can be used again', async () => {
    const keysOf = byUser({ maxBytes: 200 });
    await writeFile(file, 'x'.repeat(201));
    expect((await signIn(keysOf)).outcome).toBe(DenyReason.PolicyFailed);
    await writeFile(file, lineOf(key));
    expect(await signIn(keysOf)).toEqual(accepted);
  });

  it('lets another source grant what a file cannot say', async () => {
    const file = grantPublicKey(byUser({ maxBytes: 20 }));
    const text = grantPublicKey(lineOf(key), { name: 'text' });
    for (const [first, second] of [[file, text] as const, [text, file] as const]) {
      const verdict$ = of(consider<SSHUserAuthRequest>(proven(key, 'ann')));
      expect(await firstValueFrom(verdict$.pipe(first, second))).toMatchObject({ state: 'granted', by: 'text' });
    }
  });

  describe.skipIf(isWindows)('in strict mode', () => {
    it.each([0o620, 0o602, 0o666])('gives no keys of a file with mode %o', async (mode) => {
      await chmod(file, mode);
      const message = `authorizedKeysFile: ${file} gives no keys, since ${file} is writable by its group or by everybody`;
      expect(await signIn(byUser())).toEqual(unusable(message));
      expect(await signIn(byUser({ strictModes: false }))).toEqual(accepted);
      await chmod(file, 0o644);
      expect(await signIn(byUser())).toEqual(accepted);
    });

    it('gives no keys of a file in a folder where others may write, unless they cannot replace it', async () => {
      await chmod(folder, 0o777);
      const message = `authorizedKeysFile: ${file} gives no keys, since ${folder} is writable by its group or by everybody`;
      expect(await signIn(byUser())).toEqual(unusable(message));
      await chmod(folder, 0o1777);
      expect(await signIn(byUser())).toEqual(accepted);
    });

    it('looks at the folder that a link leads to', async () => {
      const open = path.join(folder, 'open');
      await mkdir(open);
      await chmod(open, 0o777);
      await rename(file, path.join(open, 'ann'));
      await symlink(path.join(open, 'ann'), file);
      const message = `authorizedKeysFile: ${file} gives no keys, since ${open} is writable by its group or by everybody`;
      expect(await signIn(byUser())).toEqual(unusable(message));
    });

    it.skipIf(!isRoot)(
      'gives no keys of a file or folder of somebody else, but of the owner it was told (root)',
      async () => {
        await chown(file, 12_345, 12_345);
        const message = `authorizedKeysFile: ${file} gives no keys, since ${file} belongs to another user, number 12345`;
        expect(await signIn(byUser())).toEqual(unusable(message));
        const ownerOf = (user: string) => (user === 'ann' ? 12_345 : undefined);
        expect(await signIn(byUser({ ownerOf }))).toEqual(accepted);
        await chown(file, 0, 0);
        await chown(folder, 12_345, 12_345);
        expect((await signIn(byUser())).outcome).toBe(DenyReason.PolicyFailed);
        expect(await signIn(byUser({ ownerOf }))).toEqual(accepted);
      },
    );

    it.skipIf(!isRoot)('asks for the owner anew for each user of one file (root)', async () => {
      await chown(file, 12_345, 12_345);
      const clock = { scheduler: asyncScheduler, now: () => Date.now() + 3_600_000 };
      const keysOf = authorizedKeysFile(file, { ownerOf: (user) => (user === 'ann' ? 12_345 : undefined), clock });
      expect(await signIn(keysOf)).toEqual(accepted);
      expect((await signIn(keysOf, 'bob')).outcome).toBe(DenyReason.PolicyFailed);
    });
  });

  describe('with names that are no names of files', () => {
    it.each([
      ...['', '.', '..', '/etc/passwd', '../ann', 'a/../../ann', 'ann\0', '\udc80', 'x'.repeat(256)],
      // Names that some file systems take for others.
      ...['ann.', 'ann ', 'ann. .', 'ann\u00a0', '...', 'a\u0308rger', '\u212b'],
    ])('has no keys for %j, and asks nobody', async (user) => {
      expect(await signIn(byUser(), user)).toEqual(unknown);
      const keysOf = authorizedKeysFile(() => {
        throw new Error('asked');
      });
      expect(await signIn(keysOf, user)).toEqual(unknown);
    });

    it('never leaves the folder of the template, whatever the user is called', () => {
      fc.assert(
        fc.property(fc.string({ unit: 'binary' }), (user) => {
          fc.pre(isFileName(user));
          expect(path.dirname(path.resolve(folder, user))).toBe(folder);
          expect(path.basename(path.resolve(folder, user))).toBe(user);
        }),
      );
    });

    it.each(['ann', 'ann.desk', '\u00e4rger', 'DOMAIN\\ann', '-ann', '%u', 'a b', '.ann'])(
      'takes %j for a name',
      async (user) => {
        if (isWindows && user.includes('\\')) return;
        await writeFile(path.join(folder, user), lineOf(key), { mode: 0o600 });
        expect(await signIn(byUser(), user)).toEqual(accepted);
      },
    );
  });

  it('denies, with the cause, if the function throws or answers with no path', async () => {
    const broken: unknown[] = [
      () => {
        throw new Error('no directory');
      },
      () => 7,
      () => '',
    ];
    for (const pathOf of broken) {
      // JavaScript may bring anything.
      const policy = grantPublicKey(authorizedKeysFile(pathOf as () => string));
      const verdict = await firstValueFrom(policy(of(consider<SSHUserAuthRequest>(proven(key, 'ann')))));
      expect(verdict).toMatchObject({ state: 'denied', reason: DenyReason.PolicyFailed });
    }
  });

  it.each<[unknown, string]>([
    [['', {}], "file must be a path, or a function that makes one, got ''"],
    [['a\0b', {}], "file must be a path, or a function that makes one, got 'a\\x00b'"],
    [[7, {}], 'file must be a path, or a function that makes one, got 7'],
    [['/keys/%h', {}], "file has the token %h; those to be had are %u, %%, got '/keys/%h'"],
    [['/keys', { maxBytes: 0 }], 'maxBytes must be an integer of at least 1, got 0'],
    [['/keys', { maxCachedBytes: 1.5 }], 'maxCachedBytes must be an integer of at least 1, got 1.5'],
    [['/keys', { strictModes: 'no' }], "strictModes must be true or false, got 'no'"],
    [['/keys', { ownerOf: 0 }], 'ownerOf must be a function, got 0'],
    [['/keys', { clock: {} }], 'clock must be a Clock, got {}'],
    [['/keys', null], 'options must be an object, got null'],
  ])('refuses %j', (args, message) => {
    // JavaScript may bring anything.
    const [given, options] = args as [string, AuthorizedKeysFileOptions];
    expect(() => authorizedKeysFile(given, options)).toThrow(optionError(`authorizedKeysFile: ${message}`));
  });

  it('is found, with its folder, as it stands in these tests', async () => {
    // The strict tests above would pass for the wrong reason in a folder that is not to be trusted to begin with.
    expect((await stat(folder)).mode & 0o022).toBe(0);
  });
});
