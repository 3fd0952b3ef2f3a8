import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { methodsThatContinue, unmetBy } from '../../../src/streams/requirements/auth-progress.js';
import { authRequirement } from '../../../src/streams/requirements/parse-auth-requirement.js';
import type { PassedStep } from '../../../src/streams/requirements/passed-step.js';

const OFFERED = ['publickey', 'password', 'keyboard-interactive'];

const password: PassedStep = { method: 'password', by: 'grantPassword' };
const totp: PassedStep = { method: 'keyboard-interactive', by: 'totp' };
const recovery: PassedStep = { method: 'keyboard-interactive', by: 'recovery' };
const key = (keyFingerprint: string, keyType = 'ssh-ed25519'): PassedStep => ({
  method: 'publickey',
  by: 'grantPublicKey',
  keyFingerprint,
  keyType,
});
const token = key('T', 'sk-ssh-ed25519@openssh.com');

const required = (...expressions: readonly string[]) => expressions.map((it) => authRequirement(it, 'requireMethods'));
const isMet = (expression: string, ...steps: readonly PassedStep[]) =>
  unmetBy(required(expression), steps).length === 0;
const next = (expressions: readonly string[], ...steps: readonly PassedStep[]) =>
  methodsThatContinue(required(...expressions), steps, OFFERED);

describe('a requirement', () => {
  it('is met by all steps of an alternative in their order', () => {
    expect(isMet('password+totp', password)).toBe(false);
    expect(isMet('password+totp', totp, password)).toBe(false);
    expect(isMet('password+totp', password, totp)).toBe(true);
    expect(isMet('password+totp | publickey:sk', token)).toBe(true);
    expect(isMet('password+totp | publickey:sk', password, token)).toBe(true);
  });

  it('is not met by another policy, method or kind of key than it names', () => {
    expect(isMet('totp', recovery)).toBe(false);
    expect(isMet('totp', { ...password, by: 'totp' })).toBe(false);
    expect(isMet('keyboard-interactive', recovery)).toBe(true);
    expect(isMet('password:ldap', password)).toBe(false);
    expect(isMet('publickey:sk', key('A'))).toBe(false);
    expect(isMet('publickey:cert', key('A'))).toBe(false);
    expect(isMet('publickey:cert', key('A', 'ssh-ed25519-cert-v01@openssh.com'))).toBe(true);
    expect(isMet('publickey:ssh-rsa', key('A'))).toBe(false);
    expect(isMet('publickey:ssh-ed25519', key('A'))).toBe(true);
  });

  it('takes a proof of its own for each step', () => {
    expect(isMet('publickey+publickey', key('A'), key('A'))).toBe(false);
    expect(isMet('publickey+publickey', key('A'), key('A', 'ssh-ed25519-cert-v01@openssh.com'))).toBe(false);
    expect(isMet('publickey+publickey', key('A'), key('A'), key('B'))).toBe(true);
    expect(isMet('keyboard-interactive+totp', totp, totp)).toBe(false);
    expect(isMet('keyboard-interactive+totp', recovery, totp)).toBe(true);
  });

  it('tells of the next steps alone, of those alternatives that the server lets anybody complete', () => {
    expect(next(['password+totp | publickey:sk'])).toEqual(['publickey', 'password']);
    expect(next(['password+totp | publickey:sk'], password)).toEqual(['publickey', 'keyboard-interactive']);
    expect(next(['publickey+keyboard-interactive'], key('A'))).toEqual(['keyboard-interactive']);
    expect(next(['password+hostbased | publickey'])).toEqual(['publickey']);
    expect(next(['hostbased'])).toEqual([]);
  });

  it('is one of several that all have to be met', () => {
    expect(next(['publickey', 'password+totp'])).toEqual(['publickey', 'password']);
    expect(next(['publickey', 'password+totp'], key('A'))).toEqual(['password']);
    expect(next(['publickey', 'password+totp'], key('A'), password)).toEqual(['keyboard-interactive']);
    expect(next(['publickey', 'password+totp'], key('A'), password, totp)).toEqual(OFFERED);
  });

  it('is met if, and only if, an alternative is a sequence of different proofs among the steps', () => {
    const steps = [password, totp, recovery, key('A'), key('B'), token];
    const words = ['password', 'totp', 'recovery', 'publickey', 'publickey:sk', 'keyboard-interactive'];
    const sequences = fc.array(fc.constantFrom(...steps), { maxLength: 6 });
    const alternative = fc.uniqueArray(fc.constantFrom(...words), { minLength: 1, maxLength: 3 });
    const meets = (word: string, step: PassedStep): boolean =>
      step.method === word || step.by === word || (word === 'publickey:sk' && step === token);

    fc.assert(
      fc.property(sequences, fc.array(alternative, { minLength: 1, maxLength: 3 }), (passed, all) => {
        // Greedy, as sshd(8) is: a step goes to the first word that waits for it.
        const isComplete = (wanted: readonly string[]): boolean => {
          const waiting = [...wanted];
          const used = new Set<PassedStep>();
          for (const step of passed) {
            const [word] = waiting;
            if (word === undefined || used.has(step) || !meets(word, step)) continue;
            used.add(step);
            waiting.shift();
          }
          return waiting.length === 0;
        };
        expect(isMet(all.map((wanted) => wanted.join('+')).join('|'), ...passed)).toBe(all.some(isComplete));
      }),
    );
  });
});
