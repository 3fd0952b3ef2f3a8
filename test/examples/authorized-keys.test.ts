import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { firstValueFrom, of } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';

import { authorizedKeys } from '../../examples/reference/authorized-keys.js';
import { SettingError } from '../../examples/reference/setting-error.js';
import { consider } from '../../src/streams/verdict.js';
import type { SSHUserAuthRequest } from '../../src/streams/events/ssh-user-auth-request.js';
import { temporaryFolder } from '../handlers/key-sources/temporary-folder.js';
import { keyOf, lineOf } from '../handlers/policies/keys.js';
import { proven } from '../handlers/policies/requests.js';

const key = keyOf(1);

describe('the keys of the reference server', () => {
  let file: string;
  beforeEach(async () => {
    file = path.join(await temporaryFolder(), '100%u %x');
    await writeFile(file, lineOf(key));
  });

  const policy = () => authorizedKeys(file, ['demo', 'mfa']);
  const faultOf = (): Promise<unknown> => policy().catch((cause: unknown) => cause);

  it('sign in the users that it has, from a file of any name, as it is at that time', async () => {
    const keys = await policy();
    const stateOf = async (user: string) =>
      (await firstValueFrom(of(consider<SSHUserAuthRequest>(proven(key, user))).pipe(keys))).state;
    expect([await stateOf('demo'), await stateOf('mfa'), await stateOf('root')]).toEqual([
      'granted',
      'granted',
      'open',
    ]);
    await writeFile(file, lineOf(keyOf(2)));
    expect(await stateOf('demo')).toBe('open');
    await rm(file);
    expect(await stateOf('demo')).toBe('open');
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['is not there', () => rm(file), 'ENOENT'],
    ['is larger than the policy takes', () => writeFile(file, '#'.repeat(131_073)), 'it is larger than 131072 bytes'],
    ['is a folder', () => rm(file).then(() => mkdir(file)), 'it is not a regular file'],
    ['has a line without a key', () => writeFile(file, `${lineOf(key)}nonsense\n`), 'line 2: '],
    ['has an option that is not known', () => writeFile(file, lineOf(key, 'newest')), 'line 1: '],
  ])('end the start if the file %s', async (_what, spoil, why) => {
    await spoil();
    const fault = await faultOf();
    expect(fault).toBeInstanceOf(SettingError);
    expect(fault).toHaveProperty('message', expect.stringContaining(`AUTHORIZED_KEYS=${JSON.stringify(file)}`));
    expect(fault).toHaveProperty('message', expect.stringContaining(why));
  });
});
