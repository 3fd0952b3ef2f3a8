import { filter, firstValueFrom, map, of } from 'rxjs';
import {
  consider,
  decide,
  type DenyReason,
  grantPublicKey,
  grantWhen,
  type Policy,
  type SSHUserAuthRequest,
} from 'rxsshd';
import {
  act,
  authRequest,
  leakCheck,
  policyContext,
  simulate,
  type SimulatedClient,
  type Simulation,
  testKey,
} from 'rxsshd/testing';
import { beforeEach, describe, expect, it } from 'vitest';

import { allowLdapAccounts } from '../src/allow-ldap-accounts.js';
import { grantLdapPassword, type GrantLdapPasswordOptions } from '../src/grant-ldap-password.js';
import { ldapKeys } from '../src/ldap-keys.js';
import { FakeAccounts } from './fake-accounts.js';

const MINUTE = 60_000;

let accounts: FakeAccounts;

beforeEach(() => {
  accounts = new FakeAccounts();
});

const key = testKey('ann laptop');

const steps = {
  r: authRequest.password('ann', 'right'),
  w: authRequest.password('ann', 'wrong'),
  n: authRequest.password('nobody', 'right'),
  k: authRequest.provenKey('ann', key),
  o: authRequest.offeredKey('ann', key),
};

const server = (...policies: readonly Policy<SSHUserAuthRequest>[]): Promise<Simulation> =>
  simulate({ policies: { SSHUserAuthRequest: policies } });

/** What was denied, as far as it was a sign-in. */
function denialsOf(simulation: Simulation): readonly (DenyReason | undefined)[] {
  const denials: (DenyReason | undefined)[] = [];
  simulation.server.events.Decided.pipe(
    filter(({ request, outcome }) => request.type === 'SSHUserAuthRequest' && outcome === 'denied'),
    map((decided) => ('reason' in decided ? decided.reason : undefined)),
  ).subscribe((reason) => denials.push(reason));
  return denials;
}

/** The last that a client has learned, in words. */
function lastOf(client: SimulatedClient): string | undefined {
  const last = client.outcomes.at(-1);
  return last?.outcome === 'disconnected' ? `disconnected: ${last.description}` : last?.outcome;
}

describe('grantLdapPassword', () => {
  it('grants what the directory confirms, and declines the rest', async () => {
    await using simulation = await server(grantLdapPassword(accounts));
    const denials = denialsOf(simulation);
    const ann = simulation.client('192.0.2.7', 'c-w 20ms n 20ms r', steps);
    await simulation.run('1m');

    expect(ann.outcomes.map(({ outcome }) => outcome)).toEqual(['connected', 'denied', 'denied', 'granted']);
    expect(denials).toEqual(['bad-credential', 'bad-credential']);
  });

  it('leaves requests of other methods alone, and requests to change the password', async () => {
    const newPassword = { ...steps.r, newPassword: authRequest.password('ann', 'new').password };
    await using simulation = await server(grantLdapPassword(accounts));
    const denials = denialsOf(simulation);
    simulation.client('192.0.2.7', 'c-k-x', { ...steps, x: newPassword });
    await simulation.run('1m');

    expect(denials).toEqual(['no-grant', 'no-grant']);
    expect(accounts.asked).toBe(0);
  });

  it.each<[GrantLdapPasswordOptions['whenAway'], string, readonly string[]]>([
    ['deny', 'denied', ['policy-failed']],
    ['decline', 'granted', []],
  ])(
    'with whenAway %s, while the directory is away, what others would grant is %s',
    async (whenAway, last, reasons) => {
      accounts.isAway = true;
      const emergency = grantWhen<SSHUserAuthRequest>(() => true, { name: 'emergency' });
      await using simulation = await server(
        grantLdapPassword(accounts, whenAway === undefined ? {} : { whenAway }),
        emergency,
      );
      const denials = denialsOf(simulation);
      const errors: unknown[] = [];
      simulation.server.events.Error.subscribe(({ error }) => errors.push(error.cause));
      const ann = simulation.client('192.0.2.7', 'c-r', steps);
      await simulation.run('1s');

      expect(lastOf(ann)).toBe(last);
      expect(denials).toEqual(reasons);
      expect(errors).toMatchObject([{ code: 'ERR_LDAP_AWAY' }]);
    },
  );

  it('ends the session with the account, at the next look', async () => {
    await using simulation = await server(grantLdapPassword(accounts, { recheckMs: 5 * MINUTE }));
    const ann = simulation.client('192.0.2.7', 'c-r', steps);
    await simulation.run('12m');
    expect(accounts.asked).toBe(3);

    accounts.passwords.delete('ann');
    await simulation.run('10m');
    expect(lastOf(ann)).toBe('disconnected: your account may not be used any more');
    expect(ann.outcomes.at(-1)?.atMs).toBeCloseTo(15 * MINUTE, -3);
  });

  it('bears with a directory that is away for a while, tells of it, and ends the session when it stays away', async () => {
    await using simulation = await server(grantLdapPassword(accounts, { recheckMs: 5 * MINUTE, name: 'staff' }));
    const errors: unknown[] = [];
    simulation.server.events.Error.subscribe((event) => errors.push(event));
    const ann = simulation.client('192.0.2.7', 'c-r', steps);
    await simulation.run('1m');
    accounts.isAway = true;
    await simulation.run('10m');
    accounts.isAway = false;
    await simulation.run('5m');
    expect(errors).toHaveLength(2);

    accounts.isAway = true;
    await simulation.run('14m');
    expect(lastOf(ann)).toBe('granted');
    await simulation.run('2m');
    expect(lastOf(ann)).toBe('disconnected: your account can no longer be confirmed');
    expect(errors).toHaveLength(5);
  });

  it('asks no more once the session is over', async () => {
    await using simulation = await server(grantLdapPassword(accounts, { recheckMs: 5 * MINUTE }));
    simulation.client('192.0.2.7', 'c-r 6m |', steps);
    await simulation.run('1h');

    expect(accounts.asked).toBe(2);
  });
});

describe('ldapKeys', () => {
  it('are keys of authorized_keys, with their options', async () => {
    accounts.keys.push('# from the directory', `from="192.0.2.0/24" ${key}`);
    await using simulation = await server(grantPublicKey(ldapKeys(accounts)));
    const near = simulation.client('192.0.2.7', 'c-o 20ms k', steps);
    const far = simulation.client('198.51.100.7', 'c-k', steps);
    await simulation.run('1s');

    expect(lastOf(near)).toBe('granted');
    expect(lastOf(far)).toBe('denied');
  });

  it('are none for who is not in the directory, and an error while it is away', async () => {
    await using simulation = await server(grantPublicKey(ldapKeys(accounts)));
    const denials = denialsOf(simulation);
    simulation.client('192.0.2.7', 'c-k', { k: authRequest.provenKey('nobody', key) });
    await simulation.run('1m');
    accounts.isAway = true;
    simulation.client('192.0.2.7', 'c-k', steps);
    await simulation.run('1m');

    expect(denials).toEqual(['key-not-accepted', 'policy-failed']);
  });
});

describe('allowLdapAccounts', () => {
  const anybody = grantWhen<SSHUserAuthRequest>(({ method }) => method === 'password', { name: 'anybody' });

  it.each([
    ['before', [1, 0]],
    ['behind', [0, 1]],
  ])('denies who is not in the directory, placed %s those who grant', async (_place, order) => {
    const policies = [anybody, allowLdapAccounts(accounts)];
    await using simulation = await server(...order.flatMap((index) => policies[index] ?? []));
    const denials = denialsOf(simulation);
    const ann = simulation.client('192.0.2.7', 'c-n 20ms r', steps);
    await simulation.run('1m');

    expect(ann.outcomes.map(({ outcome }) => outcome)).toEqual(['connected', 'denied', 'granted']);
    expect(denials).toEqual(['user-not-allowed']);
  });

  it('grants nothing', async () => {
    await using simulation = await server(allowLdapAccounts(accounts));
    const denials = denialsOf(simulation);
    simulation.client('192.0.2.7', 'c-r', steps);
    await simulation.run('1m');

    expect(denials).toEqual(['no-grant']);
  });

  it('is not asked about keys that prove nothing', async () => {
    await using simulation = await server(grantPublicKey(key), allowLdapAccounts(accounts));
    const ann = simulation.client('192.0.2.7', 'c-o', steps);
    await simulation.run('1s');

    expect(lastOf(ann)).toBe('acceptable');
    expect(accounts.asked).toBe(0);
  });

  it('ends a session with a key five minutes after the account, unless told otherwise', async () => {
    await using simulation = await server(grantPublicKey(key), allowLdapAccounts(accounts, { graceMs: 0 }));
    const ann = simulation.client('192.0.2.7', 'c-k', steps);
    await simulation.run('1m');
    accounts.passwords.delete('ann');
    await simulation.run('5m');

    expect(lastOf(ann)).toBe('disconnected: your account may not be used any more');
  });

  it('denies while the directory is away', async () => {
    accounts.isAway = true;
    await using simulation = await server(anybody, allowLdapAccounts(accounts));
    const denials = denialsOf(simulation);
    simulation.client('192.0.2.7', 'c-r', steps);
    await simulation.run('1m');

    expect(denials).toEqual(['policy-failed']);
  });

  it('asks about sessions again when policies are replaced', async () => {
    const signIn = decide('SSHUserAuthRequest', anybody);
    await using simulation = await simulate({ handlers: [signIn] });
    const ann = simulation.client('192.0.2.7', 'c-n', steps);
    await simulation.run('1m');
    expect(lastOf(ann)).toBe('granted');

    const staff = decide('SSHUserAuthRequest', allowLdapAccounts(accounts), { phase: 'authorize' });
    void simulation.server.replaceHandlers({ add: [staff] });
    await simulation.run('1m');
    expect(lastOf(ann)).toMatch(/^disconnected/);
  });
});

describe('what nobody waits for any more', () => {
  const givenUp = () => accounts.questions.map(({ isGivenUp }) => isGivenUp);
  const anybody = grantWhen<SSHUserAuthRequest>(({ method }) => method === 'password', { name: 'anybody' });

  it.each<[string, () => readonly Policy<SSHUserAuthRequest>[], keyof typeof steps]>([
    ['grantLdapPassword', () => [grantLdapPassword(accounts)], 'r'],
    ['grantLdapPassword that declines', () => [grantLdapPassword(accounts, { whenAway: 'decline' })], 'r'],
    ['ldapKeys', () => [grantPublicKey(ldapKeys(accounts))], 'k'],
    ['allowLdapAccounts', () => [anybody, allowLdapAccounts(accounts)], 'r'],
  ])('is given up by %s when the client goes, and by no other event', async (_name, policies, step) => {
    await using simulation = await server(...policies());
    simulation.client('192.0.2.7', `c-${step}x`, { ...steps, x: act.atOnce(act.reset()) });
    const stays = simulation.client('192.0.2.8', `c-${step} 50ms`, steps);
    await simulation.run('5ms');
    expect(givenUp()).toEqual([true, false]);

    await simulation.run('50ms');
    expect(lastOf(stays)).toBe(step === 'k' ? 'denied' : 'granted');
  });

  it.each([
    ['grantLdapPassword', () => grantLdapPassword(accounts)],
    ['allowLdapAccounts', () => allowLdapAccounts(accounts)],
  ])('is given up by %s wherever it stands, when the connection has ended', async (_name, make) => {
    const context = policyContext();
    const request = steps.r;
    const verdict = firstValueFrom(make()(of(consider<SSHUserAuthRequest>(request, context))));
    const { connection } = request;
    const ended = { by: 'peer', description: 'bye', bytesReceived: 0, bytesSent: 0 } as const;
    context.emit({
      ...ended,
      type: 'Disconnected',
      connection: authRequest.password('bob', 'x', { connection: 2 }).connection,
    });
    expect(givenUp()).toEqual([false]);
    context.emit({ ...ended, type: 'Disconnected', connection });

    expect(await verdict).toMatchObject({ state: 'denied' });
    expect(givenUp()).toEqual([true]);
  });

  it('is given up by a recheck when the session ends meanwhile', async () => {
    await using simulation = await server(grantLdapPassword(accounts, { recheckMs: MINUTE }));
    simulation.client('192.0.2.7', 'c-r 60015ms x', { ...steps, x: act.atOnce(act.reset()) });
    await simulation.run('60014ms');
    expect(givenUp().at(-1)).toBe(false);
    await simulation.run('10ms');

    expect(givenUp().at(-1)).toBe(true);
  });
});

it('sessions are rechecked as such, and sign-ins are not', async () => {
  await using simulation = await server(
    grantLdapPassword(accounts, { recheckMs: MINUTE }),
    allowLdapAccounts(accounts, { recheckMs: MINUTE }),
  );
  simulation.client('192.0.2.7', 'c-r', steps);
  await simulation.run('65s');

  expect(accounts.questions.map(({ isRecheck }) => isRecheck)).toEqual([false, false, true, true]);
});

describe('the policies', () => {
  it('leave nothing behind', async () => {
    await using simulation = await server(
      grantLdapPassword(accounts, { recheckMs: MINUTE }),
      grantPublicKey(ldapKeys(accounts)),
      allowLdapAccounts(accounts),
    );
    await leakCheck(simulation, () => {
      simulation.client('192.0.2.7', 'c-w 50ms r 5m |', steps);
      simulation.client('192.0.2.8', 'c-k 50ms |', steps);
      return simulation.run('1h');
    });

    expect(accounts.asked).toBeGreaterThan(5);
  });

  it.each<[string, (options: object) => unknown, object, string]>([
    [
      'grantLdapPassword',
      (it) => grantLdapPassword(accounts, it),
      { whenAway: 'allow' },
      "whenAway must be 'deny' or 'decline'",
    ],
    ['grantLdapPassword', (it) => grantLdapPassword(accounts, it), { recheckMs: 0 }, 'recheckMs must be above 0'],
    ['grantLdapPassword', (it) => grantLdapPassword(accounts, it), { name: ' ' }, 'by must not be empty'],
    ['allowLdapAccounts', (it) => allowLdapAccounts(accounts, it), { recheckMs: 2 ** 31 }, 'recheckMs must be above 0'],
    [
      'allowLdapAccounts',
      (it) => allowLdapAccounts(accounts, it),
      { recheckMs: 10, maxUnconfirmedMs: 9 },
      'maxUnconfirmedMs must be at least 10',
    ],
    ['allowLdapAccounts', (it) => allowLdapAccounts(accounts, it), { graceMs: -1 }, 'graceMs must be from 0'],
    ['allowLdapAccounts', (it) => allowLdapAccounts(it as never), {}, 'directory must be an LdapDirectory'],
    ['grantLdapPassword', (it) => grantLdapPassword(it as never), {}, 'directory must be an LdapDirectory'],
    ['ldapKeys', (it) => ldapKeys(it as never), {}, 'directory must be an LdapDirectory'],
  ])('%s is not made with wrong options', (_name, make, options, message) => {
    expect(() => make(options)).toThrow(
      expect.objectContaining({ code: 'ERR_SSH_POLICY_OPTION', message: expect.stringContaining(message) as unknown }),
    );
  });
});
