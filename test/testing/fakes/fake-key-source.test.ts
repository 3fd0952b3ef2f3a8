import fc from 'fast-check';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { grantPublicKey } from '../../../src/index.js';
import { parseAuthorizedKeys } from '../../../src/protocol/authentication/authorized-keys.js';
import { authRequest, fakeKeySource, simulate, testKey } from '../../../src/testing/index.js';

const laptop = testKey('ann laptop');
const steps = { k: authRequest.offeredKey('ann', laptop), p: authRequest.provenKey('ann', laptop) };

describe('testKey', () => {
  it('gives the same key for the same name for ever', () => {
    expect(testKey('ann laptop')).toBe(KEY_OF_ANN);
  });

  it('gives a key that authorized_keys takes, another for each name', () => {
    const name = fc.string({ unit: 'grapheme-ascii' }).filter((it) => it.trim() === it);
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 4 }), (names) => {
        const { entries, problems } = parseAuthorizedKeys(names.map((it) => testKey(it)).join('\n'));
        expect(problems).toEqual([]);
        expect(entries.map(({ comment }) => comment)).toEqual(names);
        expect(new Set(entries.map(({ blob }) => blob.toString('hex'))).size).toBe(names.length);
      }),
      { numRuns: 30 },
    );
  });

  it('takes no name of several lines', () => {
    expect(() => testKey('ann\nssh-ed25519 AAAA mallory')).toThrow(TypeError);
  });
});

describe('fakeKeySource', () => {
  it('gives the keys of a user, as they are at the moment', async () => {
    const keys = fakeKeySource({ ann: [laptop] });
    keys.authorize('ann', testKey('phone'));
    keys.authorize('bob', laptop);
    expect(await firstValueFrom(keys.keysOf('ann'))).toBe(`${laptop}\n${testKey('phone')}`);
    keys.revoke('ann', laptop);
    expect(await firstValueFrom(keys.keysOf('ann'))).toBe(testKey('phone'));
    expect(await firstValueFrom(keys.keysOf('bob'))).toBe(laptop);
    expect(await firstValueFrom(keys.keysOf('toString'))).toBe('');
    expect(() => {
      keys.revoke('ann', laptop);
    }).toThrow(TypeError);
  });

  it('signs in with the keys it has, and asks for offer and proof', async () => {
    const keys = fakeKeySource({ ann: [laptop] }, { latencyMs: 2 });
    await using simulation = await simulate({ policies: { SSHUserAuthRequest: [grantPublicKey(keys.keysOf)] } });
    const ann = simulation.client('192.0.2.7', 'ck----p', steps);
    simulation.expectClient(ann).toBe('c--k----g');
    await simulation.run();
    expect(keys.calls.map((call) => call.arguments)).toEqual([['ann'], ['ann']]);
  });

  it('gone between offer and proof, denies the proof and says so', async () => {
    const error = new Error('the vault is sealed');
    const keys = fakeKeySource({ ann: [laptop] }, { faults: { onCall: 2, error } });
    await using simulation = await simulate({ policies: { SSHUserAuthRequest: [grantPublicKey(keys.keysOf)] } });
    const errors: unknown[] = [];
    simulation.server.events.Error.subscribe((it) => errors.push(it.error.cause));
    const ann = simulation.client('192.0.2.7', 'ckpp', steps);
    simulation.expectClient(ann).toBe('ckdg');
    await simulation.run();
    expect(errors).toEqual([error]);
  });
});

/** Pinned: tests of users may hold fingerprints of such keys. */
const KEY_OF_ANN = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAKVntcRLQ0Ebjp/M37jRLgF87KJb+z4EEvNMVyDhGFe ann laptop';
