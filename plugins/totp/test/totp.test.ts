import fc from 'fast-check';
import { HOTP, Secret } from 'otpauth';
import { of, throwError } from 'rxjs';
import {
  type CounterStore,
  DenyReason,
  grantPassword,
  MemoryCounterStore,
  type Policy,
  requireMethods,
  type SSHUserAuthRequest,
} from 'rxsshd';
import { authRequest, fakeCounterStore, leakCheck, simulate } from 'rxsshd/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { totp, type TotpAlgorithm, type TotpOptions } from '../src/index.js';
import { contextAt, outcomeOf, verdictOn } from './asked.js';

const SECRET = Secret.fromLatin1('12345678901234567890');
const STEP_MS = 30_000;
const NOW = 1_000 * STEP_MS;
const codeAt = (step: number, secret = SECRET): string => HOTP.generate({ secret, counter: step });
const present = codeAt(1_000);

const policyOf = (options: Partial<TotpOptions> = {}): Policy<SSHUserAuthRequest> =>
  totp({ secretOf: (user) => (user === 'nobody' ? undefined : SECRET.base32), ...options });

afterEach(() => {
  vi.restoreAllMocks();
});

describe('totp', () => {
  describe.each<[TotpAlgorithm, string, readonly (readonly [seconds: number, code: string])[]]>([
    [
      'SHA1',
      '12345678901234567890',
      [
        [59, '94287082'],
        [1_111_111_109, '07081804'],
        [1_111_111_111, '14050471'],
        [1_234_567_890, '89005924'],
        [2_000_000_000, '69279037'],
        [20_000_000_000, '65353130'],
      ],
    ],
    [
      'SHA256',
      '12345678901234567890123456789012',
      [
        [59, '46119246'],
        [1_111_111_109, '68084774'],
        [1_111_111_111, '67062674'],
        [1_234_567_890, '91819424'],
        [2_000_000_000, '90698825'],
        [20_000_000_000, '77737706'],
      ],
    ],
    [
      'SHA512',
      '1234567890123456789012345678901234567890123456789012345678901234',
      [
        [59, '90693936'],
        [1_111_111_109, '25091201'],
        [1_111_111_111, '99943326'],
        [1_234_567_890, '93441116'],
        [2_000_000_000, '38618901'],
        [20_000_000_000, '47863826'],
      ],
    ],
  ])('with %s', (algorithm, key, vectors) => {
    it.each(vectors)(
      'takes the vector of RFC 6238 at %d seconds, in a server whose time that is',
      async (seconds, code) => {
        const policy = totp({ secretOf: () => Secret.fromLatin1(key).base32, algorithm, digits: 8, drift: 0 });
        await using simulation = await simulate({
          startAt: new Date(seconds * 1000),
          policies: { SSHUserAuthRequest: [policy] },
          authMethods: ['keyboard-interactive'],
        });
        const ann = simulation.client('192.0.2.7', 'cqwqr', {
          q: authRequest.keyboardInteractive('ann'),
          w: authRequest.keyboardInteractiveAnswer('ann', [`${code.slice(0, 7)}x`]),
          r: authRequest.keyboardInteractiveAnswer('ann', [code]),
        });

        simulation.expectClient(ann).toBe('cqdqg');
        await simulation.run();
      },
    );
  });

  it.each([
    [0, [1_000]],
    [1, [999, 1_000, 1_001]],
    [2, [998, 999, 1_000, 1_001, 1_002]],
  ])(
    'takes the codes of %d steps around the present one, from its first millisecond to its last',
    async (drift, good) => {
      for (const now of [NOW, NOW + STEP_MS - 1]) {
        const policy = policyOf({ drift });
        const taken: number[] = [];
        for (let step = 990; step <= 1_010; step += 1) {
          if ((await outcomeOf(policy, codeAt(step), now, `user ${String(step)}`)) === 'granted') taken.push(step);
        }

        expect(taken).toEqual(good);
      }
    },
  );

  it('begins with the first step of all', async () => {
    expect(await outcomeOf(policyOf({ drift: 5 }), codeAt(0), 0)).toBe('granted');
  });

  it('takes a code as people type it, and secrets as applications show them', async () => {
    const base32 = SECRET.base32.toLowerCase().replaceAll(/(.{4})/g, '$1 ');
    const policy = policyOf({ secretOf: () => `${base32}====` });

    expect(await outcomeOf(policy, ` ${present.slice(0, 3)} ${present.slice(3)} `, NOW)).toBe('granted');
  });

  describe('asks', () => {
    const started = (user: string): SSHUserAuthRequest => authRequest.keyboardInteractive(user);

    it.each<[Partial<TotpOptions>, string, boolean]>([
      [{}, 'Verification code: ', false],
      [{ recovery: { take: () => false } }, 'Verification or recovery code: ', false],
      [{ prompt: 'Code? ', echo: true }, 'Code? ', true],
    ])('with %o: %s', async (options, text, echo) => {
      const policy = policyOf(options);

      expect(await verdictOn(policy, started('ann'))).toMatchObject({
        challenge: { prompts: [{ text, echo }] },
        by: 'totp',
      });
    });

    it('whoever does not exist the same, without a look at secrets', async () => {
      const secretOf = vi.fn(() => undefined);
      const [known, unknown] = await Promise.all(
        ['ann', 'nobody'].map((user) => verdictOn(policyOf({ secretOf }), started(user))),
      );

      expect(known).toHaveProperty('challenge');
      expect(unknown).toHaveProperty('challenge', Reflect.get(known ?? {}, 'challenge'));
      expect(secretOf).not.toHaveBeenCalled();
    });
  });

  it('leaves other methods, and what is decided, as they are', async () => {
    const secretOf = vi.fn(() => SECRET.base32);
    const policy = policyOf({ secretOf });
    const password = authRequest.password('ann', present);
    expect(await verdictOn(policy, password, contextAt(NOW))).toMatchObject({ state: 'open', request: password });

    const answered = authRequest.keyboardInteractiveAnswer('ann', ['wrong']);
    for (const state of ['granted', 'denied'] as const) {
      const verdict = { state, request: answered, leases: [], by: 'another', reason: DenyReason.NotPermitted };
      const seen: unknown[] = [];
      policy(of(verdict)).subscribe((it) => seen.push(it));
      expect(seen).toEqual([verdict]);
    }
    expect(secretOf).not.toHaveBeenCalled();
  });

  it('does the same work whether the user exists or not, and whatever was typed', async () => {
    const generate = vi.spyOn(HOTP, 'generate');
    const policy = policyOf({ guesses: { limit: 99 } });
    for (const user of ['ann', 'nobody']) {
      for (const code of ['000000', '', '0', '1234567', 'abcdef', 'ééé', '0'.repeat(10_000)]) {
        generate.mockClear();
        expect(await outcomeOf(policy, code, NOW, user)).toBe(DenyReason.BadCredential);
        expect(generate, `${user} ${code.slice(0, 9)}`).toHaveBeenCalledTimes(3);
      }
    }
  });

  it('lets nobody in who has no secret, not even by the code that their codes are compared with', async () => {
    const generate = vi.spyOn(HOTP, 'generate').mockReturnValue('123456');

    expect(await outcomeOf(policyOf(), '123456', NOW, 'nobody')).toBe(DenyReason.BadCredential);
    expect(await outcomeOf(policyOf(), '123456', NOW, 'ann')).toBe('granted');
    expect(generate).toHaveBeenCalled();
  });

  it('grants no answer but a right code, whatever it is', async () => {
    const policy = policyOf({ guesses: { limit: 10_000 }, recovery: { take: () => false } });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary' }), { maxLength: 3 }), async (answers) => {
        fc.pre(answers.length !== 1 || !/^\s*[0-9 ]+\s*$/.test(answers[0] ?? ''));
        const verdict = await verdictOn(policy, authRequest.keyboardInteractiveAnswer('ann', answers), contextAt(NOW));

        expect(verdict).toMatchObject({ state: 'denied', reason: DenyReason.BadCredential });
      }),
    );
    const two = authRequest.keyboardInteractiveAnswer('ann', [present, present]);
    expect(await verdictOn(policy, two, contextAt(NOW))).toMatchObject({ state: 'denied' });
  });

  describe('takes a code once', () => {
    it('of each user, for as long as it would be good', async () => {
      const policy = policyOf();

      expect(await outcomeOf(policy, present, NOW)).toBe('granted');
      for (const later of [0, STEP_MS, 2 * STEP_MS - 1]) {
        expect(await outcomeOf(policy, present, NOW + later)).toBe(DenyReason.BadCredential);
      }
      expect(await outcomeOf(policy, codeAt(1_001), NOW + STEP_MS)).toBe('granted');
      expect(await outcomeOf(policy, present, NOW, 'bob')).toBe('granted');
    });

    it('even if it was used before its time had come', async () => {
      const policy = policyOf({ drift: 5, guesses: { limit: 99 } });
      const early = NOW - 5 * STEP_MS;

      expect(await outcomeOf(policy, present, early)).toBe('granted');
      for (let step = -5; step <= 5; step += 1) {
        expect(await outcomeOf(policy, present, NOW + step * STEP_MS)).toBe(DenyReason.BadCredential);
      }
    });

    it('of several that come at once', async () => {
      const policy = policyOf();
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => outcomeOf(policy, present, NOW)));

      expect(outcomes.filter((it) => it === 'granted')).toHaveLength(1);
    });

    it('in all processes that count in one store, if their policies have one name', async () => {
      const store = new MemoryCounterStore();

      expect(await outcomeOf(policyOf({ store }), present, NOW)).toBe('granted');
      expect(await outcomeOf(policyOf({ store }), present, NOW)).toBe(DenyReason.BadCredential);
      expect(await outcomeOf(policyOf({ store, name: 'bastion' }), present, NOW)).toBe('granted');
    });

    it('although it is the code of two steps', async () => {
      const generate = vi.spyOn(HOTP, 'generate').mockReturnValue('123456');
      const policy = policyOf();

      expect(await outcomeOf(policy, '123456', NOW)).toBe('granted');
      expect(await outcomeOf(policy, '123456', NOW)).toBe(DenyReason.BadCredential);
      expect(generate).toHaveBeenCalled();
    });

    it('for all names of an account', async () => {
      const policy = policyOf({ accountOf: (user) => user.toLowerCase() });

      expect(await outcomeOf(policy, present, NOW, 'Ann')).toBe('granted');
      expect(await outcomeOf(policy, present, NOW, 'ann')).toBe(DenyReason.BadCredential);
    });

    it('and forgets none because of names that do not exist', async () => {
      const policy = policyOf({ secretOf: (user) => (user === 'ann' ? SECRET.base32 : undefined) });
      await outcomeOf(policy, present, NOW);
      for (let count = 0; count <= 10_000; count += 1) await outcomeOf(policy, '', NOW, `nobody ${String(count)}`);

      expect(await outcomeOf(policy, present, NOW)).toBe(DenyReason.BadCredential);
    });
  });

  describe('bounds guesses', () => {
    const guesses = { limit: 3, windowMs: 10 * STEP_MS };
    const guess = (policy: Policy<SSHUserAuthRequest>, now = NOW, user = 'ann') =>
      outcomeOf(policy, 'wrong', now, user);

    it('by user, over all connections, whether the user exists or not, until the window has passed', async () => {
      const policy = policyOf({ guesses });
      for (const user of ['ann', 'nobody']) {
        for (let count = 0; count < 3; count += 1)
          expect(await guess(policy, NOW, user)).toBe(DenyReason.BadCredential);
        expect(await guess(policy, NOW, user)).toBe(DenyReason.RateLimited);
      }

      expect(await outcomeOf(policy, present, NOW)).toBe(DenyReason.RateLimited);
      expect(await outcomeOf(policy, present, NOW, 'bob')).toBe('granted');
      // Windows slide, and the code that was not looked at has not been used up.
      expect(await outcomeOf(policy, codeAt(1_010), NOW + guesses.windowMs - 1)).toBe(DenyReason.RateLimited);
      expect(await outcomeOf(policy, codeAt(1_010), NOW + guesses.windowMs)).toBe('granted');
    });

    it('of whoever guesses many times at once', async () => {
      const policy = policyOf({ guesses });
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => guess(policy)));

      expect(outcomes.filter((it) => it === DenyReason.BadCredential)).toHaveLength(3);
    });

    it('although names that do not exist come by the thousand, and those are bounded the same', async () => {
      const policy = policyOf({ guesses, secretOf: (user) => (user === 'ann' ? SECRET.base32 : undefined) });
      for (let count = 0; count < 3; count += 1) await guess(policy);
      for (let count = 0; count <= 10_000; count += 1) await guess(policy, NOW, `nobody ${String(count)}`);

      expect(await guess(policy)).toBe(DenyReason.RateLimited);
      expect(await outcomeOf(policy, present, NOW)).toBe(DenyReason.RateLimited);
      for (let count = 0; count < 3; count += 1) expect(await guess(policy, NOW, 'x')).toBe(DenyReason.BadCredential);
      expect(await guess(policy, NOW, 'x')).toBe(DenyReason.RateLimited);
    });

    it('in the store that it is given, whether or not there is such a user', async () => {
      const store = fakeCounterStore();
      const policy = policyOf({ store });
      await guess(policy);
      await guess(policy, NOW, 'nobody');

      expect(store.calls).toHaveLength(2);
    });

    it('anew after a right code', async () => {
      const policy = policyOf({ guesses });
      await guess(policy);
      await guess(policy);
      await outcomeOf(policy, present, NOW);

      for (let count = 0; count < 3; count += 1) expect(await guess(policy)).toBe(DenyReason.BadCredential);
      expect(await guess(policy)).toBe(DenyReason.RateLimited);
    });

    it('to ten an hour unless told otherwise', async () => {
      const policy = policyOf();
      for (let count = 0; count < 10; count += 1) expect(await guess(policy)).toBe(DenyReason.BadCredential);

      expect(await guess(policy, NOW + 3_599_999)).toBe(DenyReason.RateLimited);
      expect(await guess(policy, NOW + 3_600_000)).toBe(DenyReason.BadCredential);
    });

    it('of all names of an account together', async () => {
      const policy = policyOf({ guesses, accountOf: (user) => user.toLowerCase() });
      for (const user of ['Ann', 'aNN', 'ann']) await guess(policy, NOW, user);

      expect(await guess(policy, NOW, 'ANN')).toBe(DenyReason.RateLimited);
    });
  });

  describe('lets nobody in', () => {
    const failure = { state: 'denied', reason: DenyReason.PolicyFailed };
    const answer = authRequest.keyboardInteractiveAnswer('ann', [present]);
    const broken: CounterStore = {
      hit: () => Promise.reject(new Error('away')),
      extend: () => 0,
      clear: () => undefined,
    };
    const counts = new MemoryCounterStore();

    it.each<[string, Partial<TotpOptions>]>([
      ['the store fails', { store: broken }],
      ['the store errors', { store: { ...broken, hit: () => throwError(() => new Error('away')) } }],
      ['the store does not say', { store: { ...broken, hit: () => ({}) as never } }],
      [
        'the store fails to note the code',
        {
          store: {
            ...broken,
            hit: (key, window) => {
              if (key.includes('/used/')) throw new Error('away');
              return counts.hit(key, window);
            },
          },
        },
      ],
      [
        'secretOf throws',
        {
          secretOf: () => {
            throw new Error('away');
          },
        },
      ],
      ['secretOf rejects', { secretOf: () => Promise.reject(new Error('away')) }],
      [
        'accountOf throws',
        {
          accountOf: () => {
            throw new Error('away');
          },
        },
      ],
    ])('if %s', async (_what, options) => {
      expect(await verdictOn(policyOf(options), answer, contextAt(NOW))).toMatchObject(failure);
    });

    it.each([
      ['no base32', 'TOPSECRET189', 'the TOTP secret is no base32'],
      ['empty', '', 'the TOTP secret is no base32'],
      ['too short', 'TOPSECRETTOPSECRET', 'the TOTP secret has fewer than 16 bytes'],
    ])('by a secret that is %s, and never shows it', async (_what, text, message) => {
      const verdict = await verdictOn(policyOf({ secretOf: () => text }), answer, contextAt(NOW));

      expect(verdict).toMatchObject(failure);
      expect(verdict).toHaveProperty('cause.message', message);
    });
  });

  it('takes shorter secrets if it is told to', async () => {
    const secret = Secret.fromLatin1('0123456789');
    const policy = policyOf({ secretOf: () => of(secret.base32), minSecretBytes: 10 });

    expect(await outcomeOf(policy, codeAt(1_000, secret), NOW)).toBe('granted');
  });

  it('goes by what a recording says of an answer, and counts nothing where servers count', async () => {
    const { store, calls } = { store: fakeCounterStore(), calls: () => store.calls.length };
    const policy = policyOf({ store, guesses: { limit: 2 } });
    const answer = authRequest.keyboardInteractiveAnswer('ann', ['[redacted]']);
    const asked = async (recollection: 'right' | 'wrong' | 'again') => {
      const verdict = await verdictOn(policy, answer, { ...contextAt(NOW), recall: () => recollection });
      return verdict.state === 'denied' ? verdict.reason : verdict.state;
    };

    expect([await asked('wrong'), await asked('right'), await asked('again'), await asked('wrong')]).toEqual([
      DenyReason.BadCredential,
      'granted',
      DenyReason.BadCredential,
      DenyReason.BadCredential,
    ]);
    expect(await asked('right')).toBe(DenyReason.RateLimited);
    expect(calls()).toBe(0);
  });

  it('comes second where that is required: before the password is right, no code is judged or used up', async () => {
    const secretOf = vi.fn(() => SECRET.base32);
    await using simulation = await simulate({
      startAt: new Date(NOW),
      policies: {
        SSHUserAuthRequest: [
          requireMethods('password+totp'),
          grantPassword((_user, password) => password === 'right'),
          policyOf({ secretOf }),
        ],
      },
      authMethods: ['password', 'keyboard-interactive'],
    });
    const steps = {
      q: authRequest.keyboardInteractive('ann'),
      w: authRequest.password('ann', 'wrong'),
      p: authRequest.password('ann', 'right'),
      t: authRequest.keyboardInteractiveAnswer('ann', [present]),
    };
    simulation.expectClient(simulation.client('192.0.2.7', 'cqwq', steps)).toBe('cddd');
    await simulation.run('5ms');
    expect(secretOf).not.toHaveBeenCalled();

    simulation.expectClient(simulation.client('192.0.2.8', 'cpqt', steps)).toBe('-----cpqg');
    simulation.expectClient(simulation.client('192.0.2.9', '-----cpqt', steps)).toBe('----------cpqd');
    await simulation.run();
    expect(secretOf).toHaveBeenCalledTimes(2);
  });

  it('keeps nothing of a connection that has come and gone, whatever was under way', async () => {
    const store = fakeCounterStore({ latencyMs: 3 });
    await using simulation = await simulate({
      policies: { SSHUserAuthRequest: [policyOf({ store })] },
      authMethods: ['keyboard-interactive'],
    });
    const startedAt = simulation.clock.now();
    const steps = {
      q: authRequest.keyboardInteractive('ann'),
      w: authRequest.keyboardInteractiveAnswer('ann', ['wrong']),
      r: authRequest.keyboardInteractiveAnswer('ann', [codeAt(Math.floor(startedAt / STEP_MS))]),
    };
    const live = async (): Promise<void> => {
      for (const marbles of ['c|', 'cq|', 'cqw#', 'cqw---|', 'cqr#', 'cqr------|'])
        simulation.client('192.0.2.7', marbles, steps);
      await simulation.run('1s');
    };
    await live();

    await leakCheck(simulation, live);
  });

  const bad = (name: string, message: string): unknown =>
    expect.objectContaining({ code: 'ERR_SSH_POLICY_OPTION', message: `totp: ${name} ${message}` });

  it.each<[string, unknown, string]>([
    ['secretOf', 'ann', "must be a function, got 'ann'"],
    ['digits', 9, 'must be 6, 7 or 8, got 9'],
    ['period', 14, 'must be an integer from 15 to 300 seconds, got 14'],
    ['period', 301, 'must be an integer from 15 to 300 seconds, got 301'],
    ['period', 30.5, 'must be an integer from 15 to 300 seconds, got 30.5'],
    ['algorithm', 'MD5', "must be SHA1, SHA256, SHA512, got 'MD5'"],
    ['drift', -1, 'must be an integer from 0 to 5, got -1'],
    ['drift', 6, 'must be an integer from 0 to 5, got 6'],
    ['minSecretBytes', 9, 'must be an integer from 10 to 64, got 9'],
    ['minSecretBytes', 65, 'must be an integer from 10 to 64, got 65'],
    ['recovery', {}, 'must be a RecoveryCodeStore, got {}'],
    ['name', ' ', "must not be empty, got ' '"],
    ['prompt', 5, 'must be text, got 5'],
    ['echo', 'no', "must be true or false, got 'no'"],
    ['store', {}, 'must be a CounterStore, got {}'],
    ['clock', 'now', "must be a Clock, got 'now'"],
    ['accountOf', 'ann', "must be a function, got 'ann'"],
  ])('refuses %s when it is %o, as it is made', (option, value, message) => {
    // What no compiler lets pass is what is to be tried.
    expect(() => policyOf({ [option]: value })).toThrow(bad(option, message));
  });

  it.each([
    ['guesses.limit', { limit: 0 }, 'must be an integer of at least 1, got 0'],
    ['guesses.limit', { limit: Infinity }, 'must be an integer of at least 1, got Infinity'],
    ['guesses.windowMs', { windowMs: 0 }, 'must be a finite number of milliseconds above 0, got 0'],
    ['guesses.windowMs', { windowMs: Infinity }, 'must be a finite number of milliseconds above 0, got Infinity'],
  ])('refuses %s in %o, as it is made', (option, guesses, message) => {
    expect(() => policyOf({ guesses })).toThrow(bad(option, message));
  });
});
