import fc from 'fast-check';
import { HOTP, Secret } from 'otpauth';
import { DenyReason } from 'rxsshd';
import { authRequest, simulate } from 'rxsshd/testing';
import { describe, expect, it, vi } from 'vitest';

import { generateRecoveryCodes, MemoryRecoveryCodes, recoveryCodes, totp } from '../src/index.js';
import { outcomeOf, verdictOn } from './asked.js';

const SECRET = Secret.fromLatin1('12345678901234567890');

function enrolled(account = 'ann', count = 3) {
  const { codes, digests } = generateRecoveryCodes(account, count);
  const store = new MemoryRecoveryCodes();
  store.set(account, digests);
  const [first = '', second = ''] = codes;
  return { store, first, second };
}

describe('generateRecoveryCodes', () => {
  it('makes codes of four times four letters and digits that nobody mistakes, none twice, and their digests', () => {
    const { codes, digests } = generateRecoveryCodes('ann', 100);

    for (const code of codes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
    expect(new Set(codes).size).toBe(100);
    expect(new Set(digests).size).toBe(100);
    for (const digest of digests) expect(digest).toMatch(/^[\w-]{43}$/);
    // All digits of the alphabet are in use: 1600 of them, and one would be missing in one of 10^20 runs.
    expect(new Set(codes.join('').replaceAll('-', '')).size).toBe(32);
  });

  it('makes ten unless told otherwise, and refuses other counts than 1 to 100', () => {
    expect(generateRecoveryCodes('ann').codes).toHaveLength(10);
    for (const count of [0, 101, 1.5, NaN]) {
      expect(() => generateRecoveryCodes('ann', count)).toThrow(
        expect.objectContaining({
          code: 'ERR_SSH_OPTION',
          message: `generateRecoveryCodes: count must be an integer from 1 to 100, got ${String(count)}`,
        }),
      );
    }
  });
});

describe('recoveryCodes', () => {
  it('asks for a code, and takes each once', async () => {
    const { store, first, second } = enrolled();
    const policy = recoveryCodes({ codes: store });
    const asked = await verdictOn(policy, authRequest.keyboardInteractive('ann'));

    expect(asked).toMatchObject({
      by: 'recoveryCodes',
      challenge: { prompts: [{ text: 'Recovery code: ', echo: false }] },
    });
    expect(await outcomeOf(policy, first)).toBe('granted');
    expect(await outcomeOf(policy, first)).toBe(DenyReason.BadCredential);
    expect(await outcomeOf(policy, second)).toBe('granted');
    expect(store.remaining('ann')).toBe(1);
  });

  it('takes a code as people copy it', async () => {
    const store = new MemoryRecoveryCodes();
    const gaps = fc.array(fc.constantFrom('', ' ', '-'), { minLength: 16, maxLength: 16 });
    await fc.assert(
      fc.asyncProperty(gaps, fc.boolean(), async (between, isSmall) => {
        const { codes, digests } = generateRecoveryCodes('ann', 1);
        store.set('ann', digests);
        const typed = Array.from((codes[0] ?? '').replaceAll('-', ''), (digit, index) =>
          [digit.replace('0', 'O').replace('1', 'l'), between[index]].join(''),
        ).join('');

        expect(await outcomeOf(recoveryCodes({ codes: store }), isSmall ? typed.toLowerCase() : typed)).toBe('granted');
      }),
    );
  });

  it('takes a code for the account alone that it was made for', async () => {
    const { codes, digests } = generateRecoveryCodes('ann', 1);
    const store = new MemoryRecoveryCodes();
    store.set('bob', digests);
    const policy = recoveryCodes({ codes: store });

    expect(await outcomeOf(policy, codes[0] ?? '', 0, 'bob')).toBe(DenyReason.BadCredential);
    expect(await outcomeOf(policy, codes[0] ?? '', 0, 'ann')).toBe(DenyReason.BadCredential);
    expect(await outcomeOf(policy, codes[0] ?? '', 0, 'nobody')).toBe(DenyReason.BadCredential);
  });

  it('lets one in of those who bring a code at once', async () => {
    const { store, first } = enrolled();
    const policy = recoveryCodes({ codes: store });
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => outcomeOf(policy, first)));

    expect(outcomes.filter((it) => it === 'granted')).toHaveLength(1);
  });

  it('asks the store for users who do not exist as well, and never shows it a code', async () => {
    const take = vi.fn(() => Promise.resolve(false));
    const code = '7K3M-90QX-AZ4T-V5HE';
    await outcomeOf(recoveryCodes({ codes: { take } }), code, 0, 'nobody');

    expect(take).toHaveBeenCalledExactlyOnceWith('nobody', expect.stringMatching(/^[\w-]{43}$/));
  });

  it('lets nobody in if the store fails, or answers with anything but true', async () => {
    const code = '7K3M-90QX-AZ4T-V5HE';
    const failing = recoveryCodes({ codes: { take: () => Promise.reject(new Error('away')) } });
    const odd = recoveryCodes({ codes: { take: () => 1 as unknown as boolean } });

    expect(await outcomeOf(failing, code)).toBe(DenyReason.PolicyFailed);
    expect(await outcomeOf(odd, code)).toBe(DenyReason.BadCredential);
  });

  it('bounds guesses, and does not use up the code that was one too many', async () => {
    const { store, first } = enrolled();
    const policy = recoveryCodes({ codes: store, guesses: { limit: 2 } });
    await outcomeOf(policy, 'wrong');
    await outcomeOf(policy, '0000-0000-0000-0000');

    expect(await outcomeOf(policy, first)).toBe(DenyReason.RateLimited);
    expect(store.remaining('ann')).toBe(3);
  });

  it('refuses, as it is made, codes that are no store', () => {
    // @ts-expect-error a store has take
    expect(() => recoveryCodes({ codes: {} })).toThrow(
      expect.objectContaining({
        code: 'ERR_SSH_POLICY_OPTION',
        message: 'recoveryCodes: codes must be a RecoveryCodeStore, got {}',
      }),
    );
  });
});

describe('totp with recovery', () => {
  it('takes either at one prompt, and each once', async () => {
    const { store, first } = enrolled();
    await using simulation = await simulate({
      startAt: new Date(59_000),
      policies: { SSHUserAuthRequest: [totp({ secretOf: () => SECRET.base32, recovery: store })] },
      authMethods: ['keyboard-interactive'],
    });
    const steps = {
      q: authRequest.keyboardInteractive('ann'),
      t: authRequest.keyboardInteractiveAnswer('ann', [HOTP.generate({ secret: SECRET, counter: 1 })]),
      r: authRequest.keyboardInteractiveAnswer('ann', [first]),
    };
    const expected = { cqt: 'cqg', '----cqtqr': '----cqdqg', '----------cqrqt': '----------cqdqd' };
    for (const [marbles, outcomes] of Object.entries(expected)) {
      simulation.expectClient(simulation.client('192.0.2.7', marbles, steps)).toBe(outcomes);
    }
    await simulation.run();
  });

  it('counts wrong codes of both kinds together', async () => {
    const { store, first } = enrolled();
    const policy = totp({ secretOf: () => SECRET.base32, recovery: store, guesses: { limit: 2 } });
    await outcomeOf(policy, '000000');
    await outcomeOf(policy, '0000-0000-0000-0000');

    expect(await outcomeOf(policy, first)).toBe(DenyReason.RateLimited);
  });

  it('takes no recovery codes unless it has a store of them', async () => {
    const { store, first } = enrolled();

    expect(await outcomeOf(totp({ secretOf: () => SECRET.base32 }), first)).toBe(DenyReason.BadCredential);
    expect(store.remaining('ann')).toBe(3);
  });
});
