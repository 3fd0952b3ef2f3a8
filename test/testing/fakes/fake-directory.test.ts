import { firstValueFrom, map } from 'rxjs';
import { describe, expect, it } from 'vitest';

import {
  grantKeyboardInteractive,
  grantPassword,
  grantPublicKey,
  maxPerUser,
  revokedBy,
  type RevocationNotice,
} from '../../../src/index.js';
import { authRequest, fakeClock, fakeDirectory, simulate, testKey } from '../../../src/testing/index.js';

const laptop = testKey('ann laptop');
const people = {
  ann: { password: 'right', keys: [laptop], answers: ['9', 'blue'] },
  bob: { disabled: true, password: 'x' },
};

const r = authRequest.password('ann', 'right');
const steps = { r, w: authRequest.password('ann', 'wrong') };

describe('fakeDirectory', () => {
  it('knows the passwords of its users, and of nobody else', async () => {
    const { verifyPassword } = fakeDirectory(people);
    const verify = (user: string, password: string) => firstValueFrom(verifyPassword(user, password));

    expect(await verify('ann', 'right')).toBe(true);
    expect(await verify('ann', 'wrong')).toBe(false);
    expect(await verify('bob', 'x')).toBe(false);
    expect(await verify('carol', '')).toBe(false);
    // Nobody has what every object has.
    expect(await verify('constructor', 'right')).toBe(false);
  });

  it('knows answers in their order and number', async () => {
    const { verifyAnswers } = fakeDirectory(people);
    const verify = (...answers: readonly string[]) => firstValueFrom(verifyAnswers('ann', answers));

    expect(await verify('9', 'blue')).toBe(true);
    expect(await verify('blue', '9')).toBe(false);
    expect(await verify('9')).toBe(false);
    expect(await firstValueFrom(verifyAnswers('bob', []))).toBe(false);
  });

  it('gives the keys of who is not disabled', async () => {
    const directory = fakeDirectory(people);
    expect(await firstValueFrom(directory.keysOf('ann'))).toBe(laptop);
    directory.disable('ann');
    expect(await firstValueFrom(directory.keysOf('ann'))).toBe('');
    directory.enable('ann');
    expect(await firstValueFrom(directory.keysOf('ann'))).toBe(laptop);
  });

  it('tells of who is disabled already, and of who becomes so', () => {
    const directory = fakeDirectory(people);
    const all: RevocationNotice[] = [];
    const ofAnn: RevocationNotice[] = [];
    directory.disabled().subscribe((it) => all.push(it));
    const subscription = directory.disabled('ann').subscribe((it) => ofAnn.push(it));
    directory.disable('ann', 'holidays');
    directory.set('dan', { disabled: true });
    directory.remove('bob');
    directory.remove('bob');
    subscription.unsubscribe();
    directory.disable('ann', 'again');

    expect(all).toEqual([
      { user: 'bob' },
      { user: 'ann', reason: 'holidays' },
      { user: 'dan' },
      { user: 'bob' },
      { user: 'ann', reason: 'again' },
    ]);
    expect(ofAnn).toEqual([{ user: 'ann', reason: 'holidays' }]);
  });

  it('tells later if it is slow, and loses nothing meanwhile', () => {
    const clock = fakeClock();
    const directory = fakeDirectory(people, { latencyMs: 20, clock });
    const seen: unknown[] = [];
    directory.disabled().subscribe(({ user }) => seen.push([user, clock.now()]));
    clock.advance(5);
    directory.disable('ann');
    clock.advance(100);

    expect(seen).toEqual([
      ['bob', 20],
      ['ann', 25],
    ]);
  });

  it('has no account to disable but those it was given', () => {
    const directory = fakeDirectory(people);
    expect(() => {
      directory.disable('anne');
    }).toThrow("there is no user 'anne'");
  });

  it('signs users in by password, key and answers, and counts them', async () => {
    const directory = fakeDirectory(people, { latencyMs: 3 });
    await using simulation = await simulate({
      policies: {
        SSHUserAuthRequest: [
          grantPassword(directory.verifyPassword),
          grantPublicKey(directory.keysOf),
          grantKeyboardInteractive({
            prompts: [{ text: '3 by 3?' }, { text: 'colour?' }],
            verify: directory.verifyAnswers,
          }),
          maxPerUser(3, { scope: 'connections' }),
        ],
      },
      authMethods: ['password', 'publickey', 'keyboard-interactive'],
    });
    const values = {
      ...steps,
      k: authRequest.offeredKey('ann', laptop),
      p: authRequest.provenKey('ann', laptop),
      q: authRequest.keyboardInteractive('ann'),
      a: authRequest.keyboardInteractiveAnswer('ann', ['9', 'blue']),
      n: authRequest.provenKey('ann', testKey('another')),
    };
    const clients = ['cw-----r', '-----------------ck---n-p', '-'.repeat(40) + 'cqa', '-'.repeat(60) + 'cr'].map(
      (marbles, index) => simulation.client(`192.0.2.${String(index)}`, marbles, values),
    );
    await simulation.run('1s');

    const outcomes = clients.map((client) => client.outcomes.map(({ outcome }) => outcome).join(' '));
    expect(outcomes).toEqual([
      'connected denied granted',
      'connected acceptable denied granted',
      'connected challenged granted',
      'connected denied',
    ]);
  });

  it('down for an hour lets nobody in, says so, and works again afterwards', async () => {
    const directory = fakeDirectory(people, {
      faults: {
        failFrom: '2026-01-01T01:00:00Z',
        failUntil: '2026-01-01T02:00:00Z',
        error: new Error('no route to ldap'),
      },
    });
    await using simulation = await simulate({
      policies: { SSHUserAuthRequest: [grantPassword(directory.verifyPassword)] },
    });
    const ann = simulation.client('192.0.2.7', 'cr| 1799997ms', { r }, { repeat: 5 });
    const error$ = simulation.server.events.Error.pipe(map(({ error }) => error.message.includes('no route to ldap')));
    simulation.expectEvents(error$).toBe('3600001ms e 1799999ms e', { e: true });
    simulation.expectClient(ann).toBe('cg 1799998ms cg 1799998ms cd 1799998ms cd 1799998ms cg');
    await simulation.run('3h');
    expect(directory.calls).toHaveLength(5);
  });

  it('ends the sessions of a user who is disabled, and of no other', async () => {
    const directory = fakeDirectory({ ...people, carol: { password: 'right' } });
    await using simulation = await simulate({
      policies: {
        SSHUserAuthRequest: [grantPassword(directory.verifyPassword), revokedBy(directory.disabled(), { graceMs: 1 })],
      },
    });
    const ann = simulation.client('192.0.2.7', 'cr', { r });
    const carol = simulation.client('192.0.2.8', 'cr', { r: authRequest.password('carol', 'right') });
    await simulation.run('10ms');
    directory.disable('ann', 'your account was closed');
    await simulation.run('10ms');

    expect(ann.outcomes.at(-1)).toMatchObject({ outcome: 'disconnected', description: 'your account was closed' });
    expect(carol.outcomes.at(-1)).toMatchObject({ outcome: 'granted' });
    expect(simulation.server.connections).toHaveLength(1);
  });
});
