import { EMPTY, of, throwError, toArray, firstValueFrom } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import { PasswordHashing } from '../../../../src/handlers/passwords/password-hashing.js';
import { scryptHasher } from '../../../../src/handlers/passwords/scrypt-hasher.js';
import {
  grantHashedPassword,
  type GrantHashedPasswordOptions,
} from '../../../../src/handlers/policies/authentication/grant-hashed-password.js';
import { denyUsers } from '../../../../src/handlers/policies/access/deny-users.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { authRequest } from '../../../../src/testing/auth-request.js';
import { fakeClock } from '../../../../src/testing/fakes/fake-clock.js';
import { policyContext, type TestPolicyContext } from '../../../../src/testing/policy-context.js';
import { simulate } from '../../../../src/testing/simulation/simulate.js';
import { CountingHasher } from '../../passwords/counting-hasher.js';
import { hashError } from '../../passwords/password-error.js';
import { disconnectedEvent } from '../decisions.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { authRequests, none } from '../requests.js';
import { answersTo, declinedBy, decisionOn, deniedBy, granted, grantedBy } from '../verdicts.js';

const by = 'grantHashedPassword';
const right = authRequest.password('ann', 'secret');
const wrong = authRequest.password('ann', 'guess');
const nobody = authRequest.password('nobody', 'guess');

/** A policy on a hasher that counts, for ann, whose password is `secret`. */
function counted(options: Partial<GrantHashedPasswordOptions> = {}, hasher = new CountingHasher()) {
  const hashing = new PasswordHashing({ hashers: [hasher], maxConcurrent: 1, maxWaiting: 1 });
  const hashOf = (user: string) => (user === 'ann' ? hasher.hashOf('secret') : undefined);
  return { hasher, policy: grantHashedPassword({ hashOf, hashing, ...options }) };
}

const decided = (
  policy: Policy<SSHUserAuthRequest>,
  request: SSHUserAuthRequest,
  context?: TestPolicyContext,
): Promise<Verdict<SSHUserAuthRequest>> => firstValueFrom(of(consider(request, context)).pipe(policy));

/** A hasher whose work ends when it is told to. */
function heldHasher() {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const hasher = new CountingHasher('tally', '1', () => held);
  return {
    hasher,
    release: () => {
      release();
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('grantHashedPassword', () => {
  obeysTheLawsOfPolicies<SSHUserAuthRequest>({
    name: by,
    make: (options) => grantHashedPassword({ hashOf: () => undefined, ...options }),
    decides: none,
  });

  it('grants the password of the hash, and leaves every other to others', async () => {
    const { policy } = counted();

    await expect(decided(policy, right)).resolves.toEqual(grantedBy<SSHUserAuthRequest>(by, right));
    for (const request of [wrong, nobody]) {
      await expect(decided(policy, request)).resolves.toEqual(declinedBy(by, request, DenyReason.BadCredential));
    }
  });

  it('does the same work for an unknown user as for a known one with a wrong password', async () => {
    const { hasher, policy } = counted();
    const costs: (readonly string[])[] = [];
    for (const request of [wrong, nobody, authRequest.password('ann', ''), authRequest.password('nobody', '')]) {
      hasher.costs.length = 0;
      await decided(policy, request);
      costs.push([...hasher.costs]);
    }

    expect(costs).toEqual([['1'], ['1'], ['1'], ['1']]);
  });

  it.each([
    ['a promise', Promise.resolve('$tally$1$secret'), true],
    ['an Observable', of('$tally$1$secret', '$tally$1$other'), true],
    ['an Observable without a value', EMPTY, false],
    ['undefined', undefined, false],
  ])('takes a hash from %s', async (_what, hash, isGranted) => {
    const verdict = await decided(counted({ hashOf: () => hash }).policy, right);

    expect(verdict.state).toBe(isGranted ? 'granted' : 'open');
  });

  it('gives hashOf the user and the request', async () => {
    const hashOf = vi.fn(() => undefined);
    await decided(counted({ hashOf }).policy, right);

    expect(hashOf).toHaveBeenCalledExactlyOnceWith('ann', right);
  });

  it.each([
    [
      'hashOf throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['hashOf rejects', () => Promise.reject(new Error('broken'))],
    ['hashOf errors', () => throwError(() => new Error('broken'))],
  ])('denies the request at hand if %s', async (_what, hashOf) => {
    const { policy } = counted({ hashOf });

    await expect(decided(policy, right)).resolves.toEqual(
      deniedBy(by, right, DenyReason.PolicyFailed, new Error('broken')),
    );
  });

  it('takes a hash that cannot be read for one that no password matches, at the same cost, and reports it without the hash', async () => {
    const { hasher, policy } = counted({ hashOf: () => '$unknown$topsecret' });
    const context = policyContext();

    await expect(decided(policy, right, context)).resolves.toEqual({
      ...declinedBy(by, right, DenyReason.BadCredential),
      context,
    });
    expect(hasher.costs).toEqual(['1']);
    const cause = hashError('is of a kind that no hasher knows');
    expect(context.reports).toEqual([{ type: 'failure', request: right, by, cause }]);
    await expect(decided(policy, right)).resolves.toMatchObject({ state: 'open' });
  });

  it('denies the request at hand if the hasher fails', async () => {
    const broken = new CountingHasher('tally', '1', () => Promise.reject(new Error('no thread')));

    await expect(decided(counted({}, broken).policy, right)).resolves.toEqual(
      deniedBy(by, right, DenyReason.PolicyFailed, new Error('no thread')),
    );
  });

  it('refuses what is beyond the queue with a reason of its own, known and unknown users alike', async () => {
    const { hasher, release } = heldHasher();
    const { policy } = counted({}, hasher);
    const requests = [right, right, right, nobody];
    const verdicts = firstValueFrom(
      of(...requests.map((it) => consider<SSHUserAuthRequest>(it))).pipe(policy, toArray()),
    );
    await settled();
    expect(hasher.costs).toHaveLength(1);
    release();

    const full = DenyReason.LimitReached;
    await expect(verdicts).resolves.toEqual([
      declinedBy(by, right, full),
      declinedBy(by, nobody, full),
      grantedBy(by, right),
      grantedBy(by, right),
    ]);
  });

  it.each([
    ['15 s unless told otherwise', {}, 15_000],
    ['as long as it is told', { maxWaitMs: 2_000 }, 2_000],
  ])('lets a password wait for its turn for %s, and finishes what has begun', async (_what, options, waitMs) => {
    const { hasher, release } = heldHasher();
    const clock = fakeClock();
    const { policy } = counted(options, hasher);
    const context = policyContext({ clock });
    const [first, second] = [decided(policy, right, context), decided(policy, right, context)];
    const outcomes: string[] = [];
    void second.then(({ state }) => outcomes.push(state));
    await settled();
    clock.advance(waitMs - 1);
    await settled();
    expect(outcomes).toEqual([]);

    clock.advance(1);
    await expect(second).resolves.toMatchObject(declinedBy(by, right, DenyReason.LimitReached));
    expect(hasher.costs).toHaveLength(1);
    release();
    await expect(first).resolves.toMatchObject({ state: 'granted' });
    expect(clock.pending).toBe(0);
  });

  it('answers before the server loses patience, whatever the queue is like', async () => {
    const hasher = new CountingHasher('tally', '1', () => new Promise((resolve) => setTimeout(resolve, 12_000)));
    const hashing = new PasswordHashing({ hashers: [hasher], maxConcurrent: 1 });
    const policy = grantHashedPassword({ hashOf: () => undefined, hashing });
    await using simulation = await simulate({ policies: { SSHUserAuthRequest: [policy] } });
    const reasons: unknown[] = [];
    simulation.server.events.Decided.subscribe((it) => {
      if (it.outcome === 'denied') reasons.push(it.reason);
    });
    for (let count = 0; count < 4; count += 1) simulation.client('192.0.2.7', 'c-n', { n: nobody });
    await simulation.run('1m');

    expect(reasons.sort()).toEqual([
      DenyReason.BadCredential,
      DenyReason.BadCredential,
      DenyReason.LimitReached,
      DenyReason.LimitReached,
    ]);
  });

  it('takes a client that has gone out of the queue, so that another has its place', async () => {
    const { hasher, release } = heldHasher();
    const { policy } = counted({}, hasher);
    const context = policyContext();
    const gone = authRequest.password('gone', 'guess', { connection: 2 });
    const first = decided(policy, right, context);
    const second = decided(policy, gone, context);
    await settled();
    context.emit(disconnectedEvent(gone.connection));
    await expect(second).resolves.toMatchObject({ state: 'denied', reason: DenyReason.NotPermitted });

    const third = decided(policy, right, context);
    await settled();
    release();
    await expect(Promise.all([first, third])).resolves.toMatchObject([{ state: 'granted' }, { state: 'granted' }]);
    expect(hasher.costs).toHaveLength(2);
  });

  it('neither asks nor hashes for what was granted before, for other methods, or to change a password', () => {
    const hashOf = vi.fn(() => undefined);
    const { hasher, policy } = counted({ hashOf });
    const change: SSHUserAuthRequest = { ...right, newPassword: right.password };

    answersTo(policy, granted<SSHUserAuthRequest>(right));
    for (const request of [change, ...Object.values(authRequests).filter(({ method }) => method !== 'password')]) {
      expect(decisionOn(policy, request)).toEqual(consider(request));
    }
    expect(hashOf).not.toHaveBeenCalled();
    expect(hasher.costs).toEqual([]);
  });

  it.each([
    ['right', 'granted'],
    ['wrong', 'open'],
    ['again', 'open'],
  ] as const)('goes by what a recording says of a password, at once and without a hash: %s', (recollection, state) => {
    const { hasher, policy } = counted();
    const context = { ...policyContext(), recall: () => recollection };

    expect(answersTo(policy, consider<SSHUserAuthRequest>(wrong, context))).toMatchObject([{ state }]);
    expect(hasher.costs).toEqual([]);
  });

  describe('with rehash', () => {
    const old = '$tally$0$secret';

    it('hands over a new hash of a right password whose hash is dated, and of no other', async () => {
      const rehash = vi.fn();
      const { hasher, policy } = counted({ hashOf: () => old, rehash });

      await expect(decided(policy, wrong)).resolves.toMatchObject({ state: 'open' });
      await settled();
      expect(hasher.hashed).toEqual([]);
      await expect(decided(policy, right)).resolves.toEqual(grantedBy(by, right));
      await settled();
      expect(rehash).toHaveBeenCalledExactlyOnceWith('ann', hasher.hashOf('secret'), old);
    });

    it('hands it over once the password was right, whatever becomes of the sign-in', async () => {
      const rehash = vi.fn();
      const { hasher, policy } = counted({ hashOf: () => old, rehash });
      const no = denyUsers(['ann']);
      const verdict = await firstValueFrom(of(consider<SSHUserAuthRequest>(right)).pipe(policy, no));
      await settled();

      expect(verdict).toMatchObject({ state: 'denied', reason: DenyReason.UserNotAllowed });
      expect(rehash).toHaveBeenCalledExactlyOnceWith('ann', hasher.hashOf('secret'), old);
    });

    it('leaves a hash alone that is as new ones are, and all of them unless it is told', async () => {
      const rehash = vi.fn();
      await decided(counted({ rehash }).policy, right);
      const { hasher, policy } = counted({ hashOf: () => old });
      await decided(policy, right);
      await settled();

      expect(rehash).not.toHaveBeenCalled();
      expect(hasher.hashed).toEqual([]);
    });

    it('lets the user in although the new hash could not be kept, and reports that', async () => {
      const context = policyContext();
      const { policy } = counted({ hashOf: () => old, rehash: () => Promise.reject(new Error('read-only')) });

      await expect(decided(policy, right, context)).resolves.toMatchObject({ state: 'granted' });
      await settled();
      expect(context.reports).toEqual([{ type: 'failure', request: right, by, cause: new Error('read-only') }]);
    });
  });

  it('serves a server in virtual time, with hashes that take their time', async () => {
    const hasher = new CountingHasher('tally', '1', () => new Promise((resolve) => setTimeout(resolve, 3)));
    await using simulation = await simulate({ policies: { SSHUserAuthRequest: [counted({}, hasher).policy] } });
    const ann = simulation.client('192.0.2.7', 'c-w----r', { w: wrong, r: right });
    const other = simulation.client('192.0.2.8', 'c-----n', { n: nobody });

    simulation.expectClient(ann).toBe('c----d------g');
    simulation.expectClient(other).toBe('c--------d--');
    await simulation.run();
  });

  it('verifies real hashes in virtual time, if the simulation holds it', async () => {
    const scrypt = scryptHasher({ ln: 4 });
    const hash = await scrypt.hash('secret');
    const world: { hold?: <T>(work: Promise<T>) => Promise<T> } = {};
    const held = {
      ...scrypt,
      verify: (text: string, password: string) => {
        const work = Promise.resolve(scrypt.verify(text, password));
        return world.hold?.(work) ?? work;
      },
    };
    const policy = grantHashedPassword({
      hashOf: (user) => (user === 'ann' ? hash : undefined),
      hashing: new PasswordHashing({ hashers: [held] }),
    });
    await using simulation = await simulate({ policies: { SSHUserAuthRequest: [policy] } });
    world.hold = (work) => simulation.hold(work);
    const ann = simulation.client('192.0.2.7', 'c-w-n-r', { w: wrong, n: nobody, r: right });

    simulation.expectClient(ann).toBe('c-d-d-g');
    await simulation.run();
  });

  it.each([
    [{ hashOf: 'ann' }, "hashOf must be a function, got 'ann'"],
    [{ rehash: true }, 'rehash must be a function, got true'],
    [{ hashing: 'scrypt' }, "hashing must be a PasswordHashing, got 'scrypt'"],
  ])('refuses, from JavaScript, %o when it is made', (options, message) => {
    // @ts-expect-error that is what the compiler says
    expect(() => grantHashedPassword({ hashOf: () => undefined, ...options })).toThrow(
      optionError(`grantHashedPassword: ${message}`),
    );
  });
});
