import { map } from 'rxjs';
import { describe, expect, it } from 'vitest';

import {
  banAfter,
  decide,
  grantPassword,
  MemoryCounterStore,
  rateLimit,
  type SSHUserAuthRequest,
} from '../../../src/index.js';
import { authRequest, fakeClock, fakeCounterStore, simulate } from '../../../src/testing/index.js';

const byUser = { limit: 2, windowMs: 60_000, keyOf: ({ user }: SSHUserAuthRequest) => user };
const w = authRequest.password('ann', 'wrong');
const r = authRequest.password('ann', 'right');
const signIn = decide(
  'SSHUserAuthRequest',
  grantPassword((_user, password) => password === 'right'),
);

describe('fakeCounterStore', () => {
  it('counts as the store in memory does, at once', () => {
    const fake = fakeCounterStore();
    const store = new MemoryCounterStore();
    for (const now of [0, 1, 2, 60_001]) {
      expect(fake.hit('a', { limit: 2, windowMs: 60_000, now })).toEqual(
        store.hit('a', { limit: 2, windowMs: 60_000, now }),
      );
    }
    expect(fake.extend('a', { addMs: 5, maxMs: 10, now: 0 })).toBe(5);
    expect(fake.size).toBe(2);
    fake.clear('a');
    expect(fake.size).toBe(0);
    expect(fake.calls.map(({ method }) => method)).toEqual(['hit', 'hit', 'hit', 'hit', 'extend', 'clear']);
  });

  it('bounds its keys as it is told', () => {
    const fake = fakeCounterStore({ maxKeys: 1 });
    for (const key of ['a', 'b', 'c']) fake.hit(key, { limit: 1, windowMs: 1, now: 0 });
    expect(fake.size).toBe(1);
  });

  it('counts hits at once that are under way together, and answers later', () => {
    const clock = fakeClock();
    const fake = fakeCounterStore({ latencyMs: 10, clock });
    const answers: unknown[] = [];
    for (let hits = 0; hits < 2; hits += 1) {
      const answer = fake.hit('a', { limit: 1, windowMs: 1000, now: clock.now() });
      if ('subscribe' in answer) answer.subscribe(({ allowed }) => answers.push(allowed));
    }
    expect(answers).toEqual([]);
    clock.advance(10);
    expect(answers).toEqual([true, false]);
  });

  it('slower than the deadline of a decision, denies', async () => {
    const store = fakeCounterStore({ latencyMs: 40_000 });
    await using simulation = await simulate({
      policies: { SSHUserAuthRequest: [rateLimit({ ...byUser, store })] },
      handlers: [signIn],
      decisionDeadlineMs: 30_000,
    });
    const ann = simulation.client('192.0.2.7', 'cr', { r });
    simulation.expectClient(ann).toBe('c 30s d');
    const error$ = simulation.server.events.Error.pipe(map(({ error }) => error.message));
    simulation.expectEvents(error$).toBe('- 30s e', {
      e: 'policies.SSHUserAuthRequest[0] did not answer within 30000 ms; the request was denied',
    });
    await simulation.run('50s');
    expect(store.calls).toMatchObject([{ method: 'hit', ordinal: 1 }]);
  });

  it('slow, delays the answer and nothing else', async () => {
    const store = fakeCounterStore({ latencyMs: 200 });
    await using simulation = await simulate({
      policies: { SSHUserAuthRequest: [rateLimit({ ...byUser, store })] },
      handlers: [signIn],
    });
    const ann = simulation.client('192.0.2.7', 'cr', { r });
    simulation.expectClient(ann).toBe('c 200ms g');
    await simulation.run();
  });

  it('down, costs the request at hand, until it is up again', async () => {
    const store = fakeCounterStore({ faults: { onCall: 1, error: new Error('connection reset') } });
    await using simulation = await simulate({
      policies: { SSHUserAuthRequest: [rateLimit({ ...byUser, store })] },
      handlers: [signIn],
    });
    const ann = simulation.client('192.0.2.7', 'crr', { r });
    simulation.expectClient(ann).toBe('cdg');
    const error$ = simulation.server.events.Error.pipe(map(({ error }) => error.message.includes('connection reset')));
    simulation.expectEvents(error$).toBe('-e', { e: true });
    await simulation.run();
  });

  it('holds bans while it is up, and what a policy makes of its outage is the policy’s', async () => {
    const store = fakeCounterStore();
    await using simulation = await simulate({
      policies: {
        ConnectionRequest: [
          banAfter({ failures: 1, windowMs: 60_000, banMs: 3_600_000, store, onStoreFailure: 'allow' }),
        ],
      },
      handlers: [signIn],
    });
    const mallory = simulation.client('203.0.113.9', 'cw', { w });
    await simulation.run();
    const again = simulation.client('203.0.113.9', 'c');
    await simulation.run();
    store.fail(new Error('down'));
    const inTheOutage = simulation.client('203.0.113.9', 'c');
    await simulation.run();
    store.recover();
    const after = simulation.client('203.0.113.9', 'c');
    await simulation.run();

    const seen = [mallory, again, inTheOutage, after].map(({ outcomes }) => outcomes.map(({ outcome }) => outcome));
    expect(seen).toEqual([['connected', 'denied'], ['refused'], ['connected'], ['refused']]);
  });
});
