import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { takeOver, type TakeOverOptions } from '../../../../src/handlers/policies/lifetime/take-over.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { LeaseSignal } from '../../../../src/streams/lease.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { authRequest } from '../../../../src/testing/auth-request.js';
import type { RequestOrigin } from '../../../../src/testing/request-origin.js';
import { type BegunGrant, beginGrant } from '../begin-grant.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { password } from '../requests.js';
import { decisionOn, deniedBy } from '../verdicts.js';

const request = password('secret');

const revocation = (where = ''): LeaseSignal => ({
  type: 'revoke',
  reason: `you signed in from elsewhere${where}`,
  by: 'takeOver',
  graceMs: 0,
});

/** Signs in by `policy` on a connection of its own. */
const signIn = (policy: Policy<SSHUserAuthRequest>, user = 'ann', origin: RequestOrigin = {}): BegunGrant =>
  beginGrant(decisionOn(policy, authRequest.password(user, 'secret', origin)));

describe('takeOver', () => {
  obeysTheLawsOfPolicies<SSHUserAuthRequest>({ name: 'takeOver', make: takeOver, decides: request, leases: 1 });

  it('ends the connection of who signs in from elsewhere, and tells the newcomer nothing', () => {
    const policy = takeOver();
    const first = signIn(policy);
    expect(first.signals).toEqual([]);
    const second = signIn(policy);

    expect(first.signals).toEqual([revocation()]);
    expect(second.signals).toEqual([]);
  });

  it('ends the oldest and keeps as many as it was told', () => {
    const policy = takeOver({ max: 2 });
    const grants = [signIn(policy), signIn(policy), signIn(policy)];
    expect(grants.map(({ revoked }) => revoked)).toEqual([true, false, false]);
    grants.push(signIn(policy));

    expect(grants.map(({ revoked }) => revoked)).toEqual([true, true, false, false]);
  });

  it('leaves other users and connections that have ended out of it', () => {
    const policy = takeOver();
    const ann = signIn(policy);
    signIn(policy, 'bob').end();
    const bob = signIn(policy, 'bob');

    expect([ann.revoked, bob.revoked]).toEqual([false, false]);
  });

  it('throws nobody out before the newcomer was granted', () => {
    const policy = takeOver();
    const ann = signIn(policy);
    decisionOn(policy, authRequest.password('ann', 'guess'));

    expect(ann.revoked).toBe(false);
  });

  it('keeps the place of a connection that signs in twice, as by two steps', () => {
    const policy = takeOver({ max: 2 });
    const step = authRequest.password('ann', 'secret');
    const first = beginGrant(decisionOn(policy, step));
    const second = signIn(policy);
    const firstAgain = beginGrant(decisionOn(policy, { ...step, ordinal: 2 }));
    first.end();
    expect([firstAgain.revoked, second.revoked]).toEqual([false, false]);
    signIn(policy);

    expect([firstAgain.revoked, second.revoked]).toEqual([true, false]);
  });

  it('tells the address of the newcomer only if told so and if there is one', () => {
    const policy = takeOver({ tellAddress: true });
    const first = signIn(policy);
    const second = signIn(policy, 'ann', { from: '203.0.113.9' });
    signIn(policy, 'ann', { from: '' });

    expect(first.signals).toEqual([revocation(' (203.0.113.9)')]);
    expect(second.signals).toEqual([revocation()]);
  });

  it('tells the newcomer what it has done if told so, and only if it has done something', () => {
    const policy = takeOver({ warn: true });

    expect(signIn(policy).signals).toEqual([]);
    expect(signIn(policy).signals).toEqual([
      { type: 'warn', message: 'An earlier connection of yours was ended, since you signed in here' },
    ]);
  });

  it('takes those for the same whom keyOf names the same, with grace and a name of its own', () => {
    const policy = takeOver({ keyOf: ({ user }) => user.toLowerCase(), graceMs: 3000, name: 'one seat' });
    const first = signIn(policy, 'Ann');
    signIn(policy, 'ANN');

    expect(first.signals).toEqual([{ ...revocation(), by: 'one seat', graceMs: 3000 }]);
  });

  it('denies what keyOf throws on, with the cause', () => {
    const cause = new Error('no key');
    const policy = takeOver({
      keyOf: () => {
        throw cause;
      },
    });

    expect(decisionOn(policy, request)).toEqual(deniedBy('takeOver', request, DenyReason.PolicyFailed, cause));
  });

  it('never has more than max alive, and those are always the latest', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.oneof(fc.constant('in' as const), fc.nat({ max: 9 })), { maxLength: 40 }),
        (max, steps) => {
          const policy = takeOver({ max });
          const alive: BegunGrant[] = [];
          for (const step of steps) {
            if (step === 'in') {
              alive.push(signIn(policy));
              if (alive.length > max) expect(alive.shift()?.revoked).toBe(true);
            } else {
              alive.splice(step, 1).forEach((grant) => {
                grant.end();
              });
            }

            expect(alive.every(({ revoked }) => !revoked)).toBe(true);
          }
        },
      ),
    );
  });

  it.each([
    [{ max: 0 }, 'max must be an integer of at least 1, got 0'],
    [{ max: 1.5 }, 'max must be an integer of at least 1, got 1.5'],
    [{ graceMs: -1 }, 'graceMs must be from 0 to 86400000, got -1'],
  ])('refuses %o when it is made', (options: TakeOverOptions, message) => {
    expect(() => takeOver(options)).toThrow(optionError(`takeOver: ${message}`));
  });

  it('refuses, from JavaScript, what is no function or switch', () => {
    // @ts-expect-error keyOf is a function
    expect(() => takeOver({ keyOf: 'user' })).toThrow(optionError("takeOver: keyOf must be a function, got 'user'"));
    // @ts-expect-error warn is a switch
    expect(() => takeOver({ warn: 5 })).toThrow(optionError('takeOver: warn must be true or false, got 5'));
    // @ts-expect-error tellAddress is a switch
    expect(() => takeOver({ tellAddress: 'yes' })).toThrow(
      optionError("takeOver: tellAddress must be true or false, got 'yes'"),
    );
  });
});
