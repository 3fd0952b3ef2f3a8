import { map, NEVER, Subject } from 'rxjs';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import {
  allOf,
  anyOf,
  banAfter,
  decide,
  decideEach,
  type Decided,
  deny,
  denyWhen,
  DenyReason,
  exec,
  grantHostBased,
  grantKeyboardInteractive,
  grantPassword,
  grantPublicKey,
  type Handler,
  type Identity,
  idleTimeout,
  leaseEach,
  loginGrace,
  maxPerUser,
  named,
  penalties,
  type Policy,
  quota,
  requireMethods,
  sessionLimit,
  shadow,
  shell,
  type SSHUserAuthRequest,
  takeOver,
  uniformDelay,
  withLease,
} from '../../../src/index.js';
import { describeOutcome } from '../../../src/testing/simulation/client-outcome.js';
import {
  authRequest,
  channelRequest,
  type ClientStep,
  type Simulation,
  simulate,
  type SimulatedClient,
  testKey,
} from '../../../src/testing/index.js';

const KEYS = [testKey('first'), testKey('second')] as const;
const authMethods = ['publickey', 'password', 'keyboard-interactive'] as const;

const verifyPassword = vi.fn((_user: string, text: string) => text === 'right');
const verifyCode = vi.fn((_user: string, [code]: readonly string[]) => code === '42');

const passwords = (): Policy<SSHUserAuthRequest> => grantPassword(verifyPassword);
const keys = (line = KEYS.join('\n')): Policy<SSHUserAuthRequest> => grantPublicKey(line);
const codes = (): Policy<SSHUserAuthRequest> =>
  grantKeyboardInteractive({ name: 'totp', prompts: [{ text: 'Code: ' }], verify: verifyCode });

const denyAll = (): Policy<SSHUserAuthRequest> => denyWhen(() => true);

const auth = (...policies: readonly Policy<SSHUserAuthRequest>[]): readonly Handler[] =>
  policies.map((policy) => decide('SSHUserAuthRequest', policy));
const limit = (policy: Policy<SSHUserAuthRequest>): Handler => decide('SSHUserAuthRequest', policy, { phase: 'limit' });

/** What the clients of these tests do, by letter. */
const STEPS: Readonly<Record<string, ClientStep>> = {
  n: authRequest.none('ann'),
  p: authRequest.password('ann', 'right'),
  w: authRequest.password('ann', 'wrong'),
  i: authRequest.keyboardInteractive('ann'),
  a: authRequest.keyboardInteractiveAnswer('ann', ['42']),
  v: authRequest.keyboardInteractiveAnswer('ann', ['41']),
  m: authRequest.keyboardInteractiveAnswer('ann', ['42', 'and more']),
  o: authRequest.offeredKey('ann', KEYS[0]),
  k: authRequest.provenKey('ann', KEYS[0]),
  O: authRequest.offeredKey('ann', KEYS[1]),
  K: authRequest.provenKey('ann', KEYS[1]),
  P: authRequest.password('bob', 'right'),
  I: authRequest.keyboardInteractive('bob'),
  A: authRequest.keyboardInteractiveAnswer('bob', ['42']),
  x: channelRequest.exec('whoami'),
};

const keyOf = (line: string): string => authRequest.provenKey('ann', line).key.fingerprint;

const told = (client: SimulatedClient): readonly string[] => client.outcomes.map(describeOutcome);

interface Site {
  readonly simulation: Simulation;
  readonly decisions: readonly Decided[];
  readonly requests: readonly SSHUserAuthRequest[];
}

async function siteOf(handlers: readonly Handler[]): Promise<Site & AsyncDisposable> {
  const simulation = await simulate({ handlers: [...handlers], authMethods: [...authMethods] });
  const decisions: Decided[] = [];
  const requests: SSHUserAuthRequest[] = [];
  simulation.server.events.Decided.subscribe((it) => decisions.push(it));
  simulation.server.events.SSHUserAuthRequest.subscribe((it) => requests.push(it));
  return { simulation, decisions, requests, [Symbol.asyncDispose]: () => simulation[Symbol.asyncDispose]() };
}

/** What one client learns that does what `marbles` say, and what was decided. */
async function played(handlers: readonly Handler[], marbles: string) {
  await using site = await siteOf(handlers);
  const client = site.simulation.client('192.0.2.7', marbles, STEPS);
  await site.simulation.run('10s');
  return { ...site, client, told: told(client).filter((it) => it !== 'connected') };
}

const ofAuth = (decisions: readonly Decided[]): readonly Decided[] =>
  decisions.filter(({ request }) => request.type === 'SSHUserAuthRequest');

beforeEach(() => {
  verifyPassword.mockClear();
  verifyCode.mockClear();
});

describe('partial success', () => {
  const twoFactors = [limit(requireMethods('password+totp | publickey:sk')), ...auth(passwords(), keys(), codes())];

  it('lets in who has passed each step, and tells of the next ones alone', async () => {
    const { told: heard } = await played(twoFactors, 'cnwpia');

    expect(heard).toEqual([
      'denied: publickey,password',
      'denied: publickey,password',
      'partial: publickey,keyboard-interactive',
      'challenged: Code: ',
      'granted',
    ]);
  });

  it('shows policies what was passed before, and the audit trail what was a step', async () => {
    const { requests, decisions } = await played(twoFactors, 'cpia');

    expect(requests.map(({ passed }) => passed)).toEqual([
      undefined,
      [{ method: 'password', by: 'grantPassword' }],
      [{ method: 'password', by: 'grantPassword' }],
    ]);
    expect(ofAuth(decisions)).toMatchObject([
      { outcome: 'granted', by: 'grantPassword', provisional: true, partial: true },
      { outcome: 'granted', by: 'totp', provisional: true },
      { outcome: 'granted', by: 'totp' },
    ]);
    const [, asked, last] = ofAuth(decisions);
    expect(asked).not.toHaveProperty('partial');
    expect(last).not.toHaveProperty('provisional');
  });

  it('says whose the connection is, and by which steps', async () => {
    await using site = await siteOf([
      limit(requireMethods('publickey+totp')),
      ...auth(keys(), codes()),
      exec('whoami', (session) => JSON.stringify(session.identity)),
    ]);
    const client = site.simulation.client('192.0.2.7', 'ckiasx', STEPS);
    await site.simulation.run('1m');

    const identity = JSON.parse(client.stdout) as Identity;
    expect(identity).toEqual({
      user: 'ann',
      method: 'keyboard-interactive',
      keyFingerprint: keyOf(KEYS[0]),
      steps: [
        {
          method: 'publickey',
          by: 'grantPublicKey',
          keyType: 'ssh-ed25519',
          keyFingerprint: keyOf(KEYS[0]),
        },
        { method: 'keyboard-interactive', by: 'totp' },
      ],
    });
  });

  it.each([
    ['publickey+totp', 'ckia', 0],
    ['publickey+publickey+totp', 'ckKia', 1],
    ['password+publickey', 'cpk', 0],
  ] as const)('names the last key of %s, in the identity and in the log', async (expression, marbles, last) => {
    await using site = await siteOf([limit(requireMethods(expression)), ...auth(passwords(), keys(), codes())]);
    const steps: unknown[] = [];
    site.simulation.server.events.SSHStatus.subscribe(({ step }) => {
      if (step?.kind === 'authenticated') steps.push(step);
    });
    site.simulation.client('192.0.2.7', marbles, STEPS);
    await site.simulation.run('10s');

    const key = { keyFingerprint: keyOf(KEYS[last]) };
    expect(site.simulation.server.connections[0]?.identity).toMatchObject(key);
    expect(steps).toMatchObject([{ user: 'ann', ...key }]);
  });

  it('names no key where there was none, and none of a host', async () => {
    const byHost = grantHostBased({ hosts: `desk.example.com ${KEYS[0]}`, allow: () => true });
    await using simulation = await simulate({
      handlers: [limit(requireMethods('hostbased+totp | password+totp')), ...auth(byHost, passwords(), codes())],
      authMethods: [...authMethods, 'hostbased'],
    });
    const steps = { ...STEPS, h: authRequest.provenHost('ann', KEYS[0]) };
    simulation.client('192.0.2.7', 'chia', steps);
    simulation.client('192.0.2.8', 'cpia', steps);
    await simulation.run('10s');

    const identities = simulation.server.connections.map((connection) => connection.identity);
    expect(identities.map((it) => it?.steps?.[0]?.method)).toEqual(['hostbased', 'password']);
    for (const it of identities) expect(it).not.toHaveProperty('keyFingerprint');
  });

  it('does not look at a credential whose turn has not come', async () => {
    const { told: heard, decisions } = await played(
      [limit(requireMethods('publickey+password')), ...auth(passwords(), keys(), codes())],
      'cpwi-kwp',
    );

    expect(heard).toEqual([
      'denied: publickey',
      'denied: publickey',
      'denied: publickey',
      'partial: password',
      'denied: password',
      'granted',
    ]);
    expect(verifyPassword).toHaveBeenCalledTimes(2);
    expect(ofAuth(decisions).slice(0, 3)).toMatchObject([
      { outcome: 'denied', by: 'requireMethods', reason: DenyReason.MethodNotAllowed },
      { outcome: 'denied', by: 'requireMethods', reason: DenyReason.MethodNotAllowed },
      { outcome: 'denied', by: 'requireMethods', reason: DenyReason.MethodNotAllowed },
    ]);
  });

  it('answers right and wrong alike where the requirement comes behind the policies', async () => {
    const { told: heard, decisions } = await played(
      auth(passwords(), keys(), requireMethods('publickey+password')),
      'cpwkp',
    );

    expect(heard).toEqual(['denied: publickey', 'denied: publickey', 'partial: password', 'granted']);
    expect(ofAuth(decisions)).toMatchObject([
      {
        reason: DenyReason.MethodNotAllowed,
        overruled: { by: 'grantPassword', source: expect.any(String) as unknown },
      },
      { reason: DenyReason.BadCredential },
      { partial: true },
      { outcome: 'granted' },
    ]);
  });

  it('takes as long for a right password as for a wrong one while its turn has not come', async () => {
    await using site = await siteOf(
      auth((verdict$) =>
        verdict$.pipe(requireMethods('publickey+password'), uniformDelay(passwords(), { floorMs: 1000 })),
      ),
    );
    const right = site.simulation.client('192.0.2.7', 'cp', STEPS);
    const wrong = site.simulation.client('192.0.2.8', 'cw', STEPS);
    await site.simulation.run('1m');

    const [answer] = right.outcomes.slice(1);
    expect(answer).toMatchObject({ outcome: 'denied' });
    expect(answer?.atMs).toBeGreaterThanOrEqual(1000);
    expect(answer?.atMs).toBe(wrong.outcomes[1]?.atMs);
  });

  it('counts a guess that came too early as a failure, right or wrong', async () => {
    const ban = decide('ConnectionRequest', banAfter({ failures: 2, windowMs: 60_000, banMs: 60_000 }));
    const { told: heard } = await played(
      [ban, limit(requireMethods('publickey+password')), ...auth(passwords())],
      'cpp|c',
    );

    expect(heard).toEqual(['denied: publickey', 'denied: publickey', 'refused']);
  });

  it('discards what was passed when another user is named, and when the first comes back', async () => {
    const { told: heard, requests } = await played(
      [limit(requireMethods('password+totp')), ...auth(passwords(), codes())],
      'cpIipia',
    );

    expect(heard).toEqual([
      'partial: keyboard-interactive',
      'denied: password',
      'denied: password',
      'partial: keyboard-interactive',
      'challenged: Code: ',
      'granted',
    ]);
    expect(requests[1]).not.toHaveProperty('passed');
  });

  it('keeps what was passed through wrong answers, and counts no step as a failure', async () => {
    await using simulation = await simulate({
      handlers: [limit(requireMethods('password+publickey+totp')), ...auth(passwords(), keys(), codes())],
      authMethods: [...authMethods],
      limits: { maxAuthFailures: 3 },
    });
    const client = simulation.client('192.0.2.7', 'cpokivia', STEPS);
    const unlucky = simulation.client('192.0.2.8', 'cpwkwim', STEPS);
    await simulation.run('10s');

    expect(told(client).slice(1)).toEqual([
      'partial: publickey',
      'acceptable',
      'partial: keyboard-interactive',
      'challenged: Code: ',
      'denied: keyboard-interactive',
      'challenged: Code: ',
      'granted',
    ]);
    // The second has answered more than was asked, which no policy sees.
    expect(told(unlucky).slice(1)).toEqual([
      'partial: publickey',
      'denied: publickey',
      'partial: keyboard-interactive',
      'denied: keyboard-interactive',
      'challenged: Code: ',
      'disconnected: too many authentication failures',
    ]);
  });

  it('names the next methods to a client that answers what was not asked', async () => {
    const { told: heard } = await played(
      [limit(requireMethods('password+totp')), ...auth(passwords(), codes())],
      'cpim',
    );

    expect(heard).toEqual(['partial: keyboard-interactive', 'challenged: Code: ', 'denied: keyboard-interactive']);
  });

  it('wants two different keys where two keys are wanted, and says so to the offer', async () => {
    const { told: heard } = await played([limit(requireMethods('publickey+publickey')), ...auth(keys())], 'cokokOK');

    expect(heard).toEqual([
      'acceptable',
      'partial: publickey',
      'denied: publickey',
      'denied: publickey',
      'acceptable',
      'granted',
    ]);
  });

  it('lets in nobody where a policy drops a requirement or makes one up that asks for nothing', async () => {
    // As JavaScript may write it.
    const dropping = decideEach<SSHUserAuthRequest>('dropping', ({ requires: _, ...verdict }) => verdict);
    const emptying = decideEach<SSHUserAuthRequest>('emptying', (verdict) => ({
      ...verdict,
      requires: [{ by: 'emptying', expression: '', alternatives: [[]] }],
    }));
    const dropped = await played([limit(requireMethods('password+totp')), ...auth(dropping, passwords())], 'cp');
    const emptied = await played([limit(emptying), ...auth(passwords())], 'cp');
    const denying = decideEach<SSHUserAuthRequest>('denying', ({ request }) => ({
      state: 'denied',
      request,
      by: 'denying',
      reason: DenyReason.NotPermitted,
    }));
    const denied = await played([limit(requireMethods('password+totp')), ...auth(denying)], 'cp');

    expect(dropped.told).toEqual(['denied: password']);
    expect(denied.told).toEqual(['denied: password']);
    expect(emptied.told).toEqual(['denied: publickey,password,keyboard-interactive']);
  });

  it.each<readonly [string, (policy: Policy<SSHUserAuthRequest>) => Policy<SSHUserAuthRequest>]>([
    ['allOf', (policy) => allOf(policy)],
    ['anyOf', (policy) => anyOf(policy)],
    ['named', (policy) => named('it', policy)],
    [
      'leases',
      (policy) => (verdict$) =>
        verdict$.pipe(
          policy,
          leaseEach('lease', () => NEVER),
        ),
    ],
  ])('holds through %s', async (_name, wrap) => {
    const handlers = [limit(requireMethods('password+totp')), ...auth(wrap(passwords()), codes())];
    const { told: heard } = await played(handlers, 'cpia');

    expect(heard).toEqual(['partial: keyboard-interactive', 'challenged: Code: ', 'granted']);
  });

  it.each<readonly [string, Policy<SSHUserAuthRequest>]>([
    ['leaves the request open', anyOf(requireMethods('password+totp'), passwords())],
    ['is one of two that do', anyOf(requireMethods('password'), requireMethods('password+totp'), passwords())],
    ['grants it', anyOf((verdict$) => verdict$.pipe(requireMethods('password+totp'), passwords()))],
    ['denies it', anyOf((verdict$) => verdict$.pipe(requireMethods('password+totp'), denyAll()), passwords())],
    ['sees allOf deny it', anyOf(allOf(requireMethods('password+totp'), denyAll()), passwords())],
  ])('holds where a member of anyOf requires it and %s', async (_what, policy) => {
    const { told: heard } = await played(auth(policy, codes()), 'cp');

    expect(heard).toEqual(['partial: keyboard-interactive']);
  });

  it('holds behind an anyOf of which nobody grants', async () => {
    const nobody = anyOf(requireMethods('password+totp'), codes());
    const { told: heard } = await played(auth(nobody, passwords()), 'cpia');

    expect(heard).toEqual(['partial: keyboard-interactive', 'challenged: Code: ', 'granted']);
  });

  it('lets in nobody where what is required cannot be found out, though anyOf passes over failures', async () => {
    const broken = requireMethods(() => {
      throw new Error('the directory is away');
    });
    const { told: heard, decisions } = await played(auth(anyOf(broken, passwords())), 'cp');

    expect(heard).toEqual(['denied: publickey']);
    expect(ofAuth(decisions)).toMatchObject([{ by: 'requireMethods', reason: DenyReason.MethodNotAllowed }]);
  });

  it('holds where allOf has a member that requires it, and not where only a shadow does', async () => {
    const members = auth(allOf(passwords(), (verdict$) => verdict$.pipe(requireMethods('password+totp'), passwords())));
    const shadowed = [limit(shadow(requireMethods('password+totp'))), ...auth(passwords())];

    expect((await played(members, 'cp')).told).toEqual(['partial: keyboard-interactive']);
    expect((await played(shadowed, 'cp')).told).toEqual(['granted']);
  });
});

describe('a password that has to be changed', () => {
  const changed = vi.fn((_user: string, _old: string, next: string) => next === 'fresh');
  const stale = (): Policy<SSHUserAuthRequest> =>
    grantPassword((_user, text) => text === 'right' && { change: 'It is time for a new one.' }, { change: changed });
  const steps: Readonly<Record<string, ClientStep>> = {
    ...STEPS,
    f: authRequest.passwordChange('ann', 'right', 'fresh'),
  };
  const changing = async (handlers: readonly Handler[], marbles: string) => {
    await using site = await siteOf(handlers);
    const client = site.simulation.client('192.0.2.7', marbles, steps);
    await site.simulation.run('10s');
    return { told: told(client).slice(1), decisions: ofAuth(site.decisions) };
  };
  const WANTED = 'changeRequested: It is time for a new one.';

  beforeEach(() => {
    changed.mockClear();
  });

  it('is changed in the last step', async () => {
    const handlers = [limit(requireMethods('totp+password')), ...auth(stale(), codes())];
    const { told: heard } = await changing(handlers, 'ciapf');

    expect(heard).toEqual(['challenged: Code: ', 'partial: password', WANTED, 'granted']);
    expect(changed).toHaveBeenCalledTimes(1);
  });

  it.each<readonly [string, readonly Handler[]]>([
    ['in the phase limit', [limit(requireMethods('password+totp')), ...auth(stale(), codes())]],
    ['behind the policies that grant', auth(stale(), codes(), requireMethods('password+totp'))],
    [
      'unless another policy knows it',
      [limit(requireMethods('password:ldap | password+totp')), ...auth(stale(), codes())],
    ],
  ])(
    'is refused like a wrong one, and never changed, where a step has to follow: required %s',
    async (_at, handlers) => {
      const { told: heard, decisions } = await changing(handlers, 'cpfwf');

      expect(heard).toEqual(['denied: password', 'denied: password', 'denied: password', 'denied: password']);
      expect(decisions[0]).toMatchObject({
        by: 'requireMethods',
        reason: DenyReason.MethodNotAllowed,
        overruled: { by: 'grantPassword', provisional: true },
      });
      expect(changed).not.toHaveBeenCalled();
    },
  );

  it('is not changed any more once another step has come to follow', async () => {
    let expression = 'password';
    await using site = await siteOf([limit(requireMethods(() => expression)), ...auth(stale(), codes())]);
    const client = site.simulation.client('192.0.2.7', 'cp 10s f', steps);
    await site.simulation.run('5s');
    expression = 'password+totp';
    await site.simulation.run('10s');

    expect(told(client).slice(1)).toEqual([WANTED, 'denied: password']);
    expect(changed).not.toHaveBeenCalled();
  });
});

describe('what comes with each step', () => {
  const required = limit(requireMethods('publickey+totp'));

  it('holds in the end: the forced command of a key in the first', async () => {
    const forced = `command="whoami" ${KEYS[0]}`;
    const whoami = exec('whoami', () => 'forced\n');
    await using site = await siteOf([required, ...auth(keys(forced), codes()), whoami, shell(() => 'shell\n')]);
    const client = site.simulation.client('192.0.2.7', 'ckiasl', { ...STEPS, l: channelRequest.shell() });
    await site.simulation.run('1m');

    expect(client.stdout).toBe('forced\n');
  });

  it('is not begun before the last step, and never for who does not get there', async () => {
    const begun: string[] = [];
    const watching = decideEach<SSHUserAuthRequest>('watching', (verdict) =>
      withLease(verdict, ({ connection }) => {
        begun.push(`${verdict.request.method} of ${connection.identity?.user ?? 'nobody'}`);
        return NEVER;
      }),
    );
    await using site = await siteOf([required, ...auth(keys(), codes(), watching)]);
    site.simulation.client('192.0.2.7', 'ckIA', STEPS);
    site.simulation.client('192.0.2.8', 'ck', STEPS);
    site.simulation.client('192.0.2.9', 'ckia', STEPS);
    await site.simulation.run('1m');

    expect(begun).toEqual(['publickey of ann', 'keyboard-interactive of ann']);
  });

  it('ends the connection when it is taken back, whichever step it came with', async () => {
    for (const method of ['publickey', 'keyboard-interactive']) {
      const lock = new Subject<void>();
      const ending = leaseEach<SSHUserAuthRequest>('lock', ({ request }) =>
        request.method === method ? lock.pipe(map(() => ({ type: 'revoke', reason: 'locked' }) as const)) : undefined,
      );
      await using site = await siteOf([required, ...auth(keys(), codes(), ending)]);
      const client = site.simulation.client('192.0.2.7', 'ckia', STEPS);
      await site.simulation.run('1m');
      lock.next();
      await site.simulation.run('1m');

      expect(told(client).at(-1)).toBe('disconnected: locked');
    }
  });

  it('ends, warns and charges the one connection once', async () => {
    const limits = auth(
      sessionLimit({ limitMs: 60_000, warnBeforeMs: 30_000 }),
      idleTimeout({ idleMs: 50_000, warnBeforeMs: 45_000 }),
      quota({ timeMs: 40_000, windowMs: 3_600_000, warnAtPercent: 50 }),
    );
    await using site = await siteOf([required, ...auth(keys(), codes()), ...limits]);
    const client = site.simulation.client('192.0.2.7', 'ckias', STEPS);
    await site.simulation.run('2m');

    expect(client.outcomes.slice(5).map((it) => [it.atMs, describeOutcome(it)])).toEqual([
      [5003, 'warned: This session ends in 45 seconds unless it is used'],
      [20_003, 'warned: You have used 50 percent of the time that you may be connected within 1 hour'],
      [30_003, 'warned: This session ends in 30 seconds'],
      [40_003, 'closed'],
      [40_003, 'disconnected: you have used up the time that you may be connected within 1 hour'],
    ]);
  });

  it('is asked about again when policies are replaced, each step for itself', async () => {
    const asked: string[] = [];
    const asking = decideEach<SSHUserAuthRequest>('asking', (verdict) => {
      asked.push(verdict.request.method);
      return verdict;
    });
    await using site = await siteOf([required, ...auth(keys(), codes())]);
    site.simulation.client('192.0.2.7', 'ckia', STEPS);
    await site.simulation.run('1m');
    await site.simulation.server.replaceHandlers({ add: auth(asking) });

    expect(asked).toEqual(['publickey', 'keyboard-interactive']);
  });

  it('is taken back by new policies that deny a step which was passed before they came', async () => {
    const noKeys = decideEach<SSHUserAuthRequest>('noKeys', (verdict) =>
      verdict.request.method === 'publickey' ? deny(verdict, 'noKeys', DenyReason.NotPermitted) : verdict,
    );
    await using site = await siteOf([required, ...auth(keys(), codes())]);
    const client = site.simulation.client('192.0.2.7', 'ck 20s ia', STEPS);
    await site.simulation.run('10s');
    await site.simulation.server.replaceHandlers({ add: auth(noKeys) });
    await site.simulation.run('2m');

    expect(told(client).slice(-2)).toEqual(['granted', 'disconnected: this permission has been withdrawn']);
  });

  it('suffices new requirements or ends the connection', async () => {
    await using site = await siteOf([required, ...auth(keys(), codes())]);
    const client = site.simulation.client('192.0.2.7', 'ckia', STEPS);
    await site.simulation.run('1m');
    await site.simulation.server.replaceHandlers({ add: [limit(requireMethods('publickey+totp | password'))] });
    await site.simulation.run('1m');
    expect(told(client).at(-1)).toBe('granted');

    await site.simulation.server.replaceHandlers({
      add: [limit(requireMethods('publickey:sk+totp', { name: 'tokens' }))],
    });
    await site.simulation.run('1m');
    expect(told(client).at(-1)).toBe('disconnected: this permission has been withdrawn');
    expect(site.decisions.at(-1)).toMatchObject({ outcome: 'revoked', by: 'tokens' });
  });
});

describe('who is half in', () => {
  const required = limit(requireMethods('publickey+totp'));

  it('takes no place of a user, and takes over from nobody', async () => {
    await using site = await siteOf([
      required,
      ...auth(maxPerUser(2, { scope: 'connections' }), keys(), codes(), takeOver()),
    ]);
    const first = site.simulation.client('192.0.2.7', 'ckia', STEPS);
    const half = site.simulation.client('192.0.2.8', '30s ck', STEPS);
    const other = site.simulation.client('192.0.2.9', '30s ck', STEPS);
    await site.simulation.run('1m');
    expect([first, half, other].map((it) => told(it).at(-1))).toEqual([
      'granted',
      'partial: keyboard-interactive',
      'partial: keyboard-interactive',
    ]);

    const second = site.simulation.client('192.0.2.10', 'ckia', STEPS);
    await site.simulation.run('1m');
    expect(told(first).at(-1)).toMatch(/^disconnected: you signed in from elsewhere/);
    expect(told(second).at(-1)).toBe('granted');
  });

  it('has a grace to end like anybody else, and a penalty for who guesses', async () => {
    await using site = await siteOf([
      decide('ConnectionRequest', loginGrace({ graceMs: 10_000 })),
      decide('ConnectionRequest', penalties({ minMs: 1, weights: { graceExceededMs: 60_000 } })),
      required,
      ...auth(keys(), codes()),
    ]);
    const client = site.simulation.client('192.0.2.7', 'ck 20s c', STEPS);
    await site.simulation.run('40s');

    expect(told(client)).toEqual([
      'connected',
      'partial: keyboard-interactive',
      'disconnected: nobody signed in within 10 seconds',
      'refused',
    ]);
  });

  it('lifts no ban by the key of a step, and does by signing in', async () => {
    const bans = banAfter<SSHUserAuthRequest>({
      failures: 1,
      windowMs: 600_000,
      banMs: 600_000,
      liftOnProvenKey: true,
    });
    const handlers = (expression: string) => [
      limit(bans),
      limit(requireMethods(expression)),
      ...auth(passwords(), keys()),
    ];
    await using half = await siteOf(handlers('publickey+publickey'));
    const guesser = half.simulation.client('192.0.2.7', 'cw|ckw', STEPS);
    await half.simulation.run('1m');
    expect(told(guesser).at(-1)).toMatch(/^denied/);
    expect(half.decisions.at(-1)).toMatchObject({ reason: DenyReason.Banned });

    const whole = half.simulation.client('192.0.2.7', 'ckK|cw', STEPS);
    await half.simulation.run('1m');
    expect(told(whole)).toContain('granted');
    expect(half.decisions.at(-1)).toMatchObject({ reason: DenyReason.MethodNotAllowed });
  });
});
