import { inspect } from 'node:util';

import { firstValueFrom, isObservable, of } from 'rxjs';
import { consider, DenyReason, grantWhen, type LeaseSignal, type SSHUserAuthRequest, type Verdict } from 'rxsshd';
import { authRequest, type FakeClock, fakeClock, held, policyContext, type TestPolicyContext } from 'rxsshd/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { OidcDeviceFlowOptions } from '../src/flow-options.js';
import { oidcDeviceFlow } from '../src/oidc-device-flow.js';
import { CLIENT_ID, FakeIssuer, ISSUER, STRANGE_KEY, type TokenAnswer } from './fake-issuer.js';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

let clock: FakeClock;
let issuer: FakeIssuer;
let context: TestPolicyContext;

beforeEach(() => {
  clock = fakeClock(START);
  issuer = new FakeIssuer(clock.now);
  context = policyContext({ clock });
});

afterEach(() => {
  context.retire();
});

type Policy = ReturnType<typeof policyWith>;

const policyWith = (options: Partial<OidcDeviceFlowOptions> = {}) =>
  oidcDeviceFlow({
    issuer: ISSUER,
    clientId: CLIENT_ID,
    userOf: ({ preferred_username: name }) => (typeof name === 'string' ? name : undefined),
    fetch: issuer.fetch,
    ...options,
  });

/** Somebody on a connection. */
class Client {
  readonly start: ReturnType<typeof authRequest.keyboardInteractive>;
  readonly #policy: Policy;

  constructor(policy: Policy, user = 'ann', from = '192.0.2.7') {
    this.#policy = policy;
    this.start = authRequest.keyboardInteractive(user, { from });
  }

  ask(request: SSHUserAuthRequest): Promise<Verdict<SSHUserAuthRequest>> {
    return firstValueFrom(this.#policy(of(consider(request, context))));
  }

  begin(): Promise<Verdict<SSHUserAuthRequest>> {
    return this.ask(this.start);
  }

  pressEnter(user = this.start.user): Promise<Verdict<SSHUserAuthRequest>> {
    return this.ask({ ...authRequest.keyboardInteractiveAnswer(user, ['']), connection: this.start.connection });
  }

  /** The connection ends. */
  leave(): void {
    const { connection } = this.start;
    context.emit({
      type: 'Disconnected',
      connection,
      by: 'peer',
      description: 'bye',
      bytesReceived: 0,
      bytesSent: 0,
    });
  }
}

/** Lets time pass in such steps that each question is asked after the answer to the one before. */
async function pass(ms: number, stepMs = 1_000): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    clock.advance(Math.min(left, stepMs));
    await turns();
  }
}

/** What waits for nothing but its turn has had it, the threads of cryptography included. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
}

/** What became of a promise, if anything has. */
async function now<T>(promise: Promise<T>): Promise<T | 'pending'> {
  await turns();
  return Promise.race([promise, Promise.resolve('pending' as const)]);
}

const as = (name: string, more: object = {}): TokenAnswer => ({ claims: { preferred_username: name }, ...more });
const PENDING: TokenAnswer = { error: 'authorization_pending' };

const GRANTED = { state: 'granted', by: 'oidc', leases: [] };
const denied = (reason: DenyReason) => ({ state: 'denied', by: 'oidc', reason });

describe('oidcDeviceFlow', () => {
  it('shows address and code, and asks for Enter', async () => {
    const verdict = await new Client(policyWith()).begin();

    expect(verdict).toMatchObject({ state: 'granted', by: 'oidc' });
    expect('challenge' in verdict && verdict.challenge).toEqual({
      instruction: [
        `To sign in, open ${ISSUER}/activate in a browser`,
        'and enter the code WDJB-MJHT',
        `or open ${ISSUER}/activate?code=WDJB-MJHT`,
        '',
      ].join('\n'),
      prompts: [{ text: 'Press Enter once you have signed in: ', echo: true }],
    });
  });

  it('shows what the application wants it to', async () => {
    issuer.authorization = { verification_uri_complete: undefined };
    const text = (shown: object) => ({ name: 'Anmeldung', instruction: JSON.stringify(shown), prompt: 'Enter: ' });
    const verdict = await new Client(policyWith({ text })).begin();

    expect('challenge' in verdict && verdict.challenge).toEqual({
      name: 'Anmeldung',
      instruction: JSON.stringify({ verificationUri: `${ISSUER}/activate`, userCode: 'WDJB-MJHT' }),
      prompts: [{ text: 'Enter: ', echo: true }],
    });
  });

  it('lets somebody in who signs in after pressing Enter', async () => {
    issuer.answers = [PENDING, PENDING, as('ann')];
    const ann = new Client(policyWith());
    await ann.begin();
    const answer = ann.pressEnter();
    await pass(14_000);
    expect(await now(answer)).toBe('pending');
    await pass(1_000);

    expect(await answer).toMatchObject(GRANTED);
  });

  it('lets somebody in who has signed in before pressing Enter, at once', async () => {
    issuer.answers = [as('ann')];
    const ann = new Client(policyWith());
    await ann.begin();
    await pass(5_000);

    expect(await ann.pressEnter()).toMatchObject(GRANTED);
  });

  it('denies somebody who is somebody else, and says no more than of a user who does not exist', async () => {
    issuer.answers = [as('mallory')];
    for (const user of ['ann', 'nobody']) {
      const mallory = new Client(policyWith(), user);
      await mallory.begin();
      await pass(5_000);

      expect(await mallory.pressEnter()).toMatchObject(denied(DenyReason.BadCredential));
    }
  });

  it.each<[string, OidcDeviceFlowOptions['userOf'], boolean]>([
    ['one of several users', () => ['root', 'ann'], true],
    ['a user to come', async () => 'ann', true],
    ['a user of a stream', () => of('ann', 'bob'), true],
    ['others', () => ['root', 'Ann'], false],
    ['nobody', () => undefined, false],
    ['the beginning of the name', () => 'an', false],
    ['nobody of a list', () => [], false],
  ])('goes by what userOf says: %s', async (_title, userOf, isIn) => {
    issuer.answers = [as('whoever')];
    const ann = new Client(policyWith({ userOf }));
    await ann.begin();
    await pass(5_000);

    expect(await ann.pressEnter()).toMatchObject(isIn ? GRANTED : denied(DenyReason.BadCredential));
  });

  it('denies with the failure if userOf fails', async () => {
    issuer.answers = [as('ann')];
    const ann = new Client(
      policyWith({
        userOf: () => {
          throw new Error('no database');
        },
      }),
    );
    await ann.begin();
    await pass(5_000);

    expect(await ann.pressEnter()).toMatchObject({
      ...denied(DenyReason.PolicyFailed),
      cause: new Error('no database'),
    });
  });

  it('denies another user than the one who was asked', async () => {
    issuer.answers = [as('root')];
    const ann = new Client(policyWith());
    await ann.begin();
    await pass(5_000);

    expect(await ann.pressEnter('root')).toMatchObject(denied(DenyReason.BadCredential));
  });

  it('leaves alone what others have asked, and requests of other methods', async () => {
    const policy = policyWith();
    const ann = new Client(policy);

    expect(await ann.pressEnter()).toMatchObject({ state: 'open' });
    for (const request of [authRequest.password('ann', 'x'), authRequest.none('ann')]) {
      expect(await ann.ask(request)).toEqual(consider(request, context));
    }
    expect(issuer.calls).toEqual([]);
  });

  it('grants once for one sign-in', async () => {
    issuer.answers = [as('ann')];
    const ann = new Client(policyWith());
    await ann.begin();
    await pass(5_000);
    expect(await ann.pressEnter()).toMatchObject(GRANTED);

    expect(await ann.pressEnter()).toMatchObject({ state: 'open' });
  });

  it('is for its own connection alone', async () => {
    issuer.answers = [as('ann')];
    const policy = policyWith();
    const [ann, mallory] = [new Client(policy), new Client(policy)];
    await ann.begin();
    await pass(5_000);

    expect(await mallory.pressEnter()).toMatchObject({ state: 'open' });
  });
});

describe('what the provider is asked', () => {
  it('names the client, the scopes, a nonce and what else is wanted, with the secret as it is to be sent', async () => {
    const options = { clientSecret: 'hunter2', scopes: ['profile', 'openid'], parameters: { acr_values: 'phr' } };
    await new Client(policyWith(options)).begin();
    await new Client(policyWith({ ...options, clientAuthentication: 'post' })).begin();
    await new Client(policyWith()).begin();
    const [basic, post, none] = issuer.calls.filter(({ path }) => path === '/device');

    expect(Object.fromEntries(basic?.body ?? [])).toEqual({
      client_id: CLIENT_ID,
      scope: 'openid profile',
      acr_values: 'phr',
      nonce: expect.stringMatching(/^[\w-]{43}$/) as unknown,
    });
    expect(basic?.headers.get('authorization')).toBe(`Basic ${Buffer.from(`${CLIENT_ID}:hunter2`).toString('base64')}`);
    expect(post?.body.get('client_secret')).toBe('hunter2');
    expect([none?.body.get('client_id'), none?.body.has('client_secret')]).toEqual([CLIENT_ID, false]);
  });

  it('is asked in the interval that it wants, and more slowly when it says so', async () => {
    issuer.authorization = { interval: 2 };
    issuer.answers = [PENDING, PENDING, { error: 'slow_down' }, PENDING, as('ann')];
    const ann = new Client(policyWith());
    await ann.begin();
    const asked: number[] = [];
    for (let second = 1; second <= 20; second += 1) {
      await pass(1_000);
      if (issuer.count('/token') > asked.length) asked.push(second);
    }

    expect(asked).toEqual([2, 4, 6, 13, 20]);
    expect(await ann.pressEnter()).toMatchObject(GRANTED);
  });

  it.each([2 ** 31, 1e300])('is asked once, in the end, if it wants to be asked every %d seconds', async (interval) => {
    issuer.authorization = { interval };
    const schedule = vi.spyOn(clock.scheduler, 'schedule');
    const ann = new Client(policyWith({ deadlineMs: MINUTE }));
    await ann.begin();
    await pass(MINUTE - 1_000);
    expect(issuer.count('/token')).toBe(0);
    // Timers of Node wait for no time at all if it is too long; those of the fake clock do not mind.
    expect(Math.max(...schedule.mock.calls.map(([, delayMs = 0]) => delayMs))).toBe(MINUTE);
    await pass(1_000);

    expect(issuer.count('/token')).toBeLessThanOrEqual(1);
    expect(await ann.pressEnter()).toMatchObject(denied(DenyReason.NotApproved));
  });

  it('is asked less and less often while it is in trouble, and may come back', async () => {
    issuer.answers = [{ status: 503 }, { status: 429 }, PENDING, as('ann')];
    const ann = new Client(policyWith());
    await ann.begin();
    const asked: number[] = [];
    for (let second = 1; second <= 60; second += 1) {
      await pass(1_000);
      if (issuer.count('/token') > asked.length) asked.push(second);
    }

    expect(asked).toEqual([5, 15, 35, 55]);
    expect(await ann.pressEnter()).toMatchObject(GRANTED);
  });

  it('tells of itself once an hour, however many sign in', async () => {
    const policy = policyWith();
    const begin = () =>
      Promise.all(['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((from) => new Client(policy, 'ann', from).begin()));
    await begin();
    expect(issuer.count('/.well-known/openid-configuration')).toBe(1);
    await pass(3_599_000, MINUTE);
    await begin();
    expect(issuer.count('/.well-known/openid-configuration')).toBe(1);
    await pass(1_000);
    await begin();
    expect(issuer.count('/.well-known/openid-configuration')).toBe(2);
  });

  it('is asked again after a failure to tell of itself', async () => {
    const policy = policyWith();
    issuer.broken.set('/.well-known/openid-configuration', 500);
    expect(await new Client(policy).begin()).toMatchObject(denied(DenyReason.PolicyFailed));
    issuer.broken.clear();

    expect(await new Client(policy).begin()).toMatchObject({ state: 'granted' });
  });
});

describe('who does not sign in', () => {
  it.each(['access_denied', 'expired_token'])('is denied as not approved: %s', async (error) => {
    issuer.answers = [PENDING, { error }];
    const ann = new Client(policyWith());
    await ann.begin();
    const answer = ann.pressEnter();
    await pass(10_000);

    expect(await answer).toMatchObject(denied(DenyReason.NotApproved));
  });

  it.each([
    ['the deadline', {}, 300_000],
    ['a deadline of one’s own', { deadlineMs: 20_000 }, 20_000],
    ['the end of the code', { expires_in: 30 }, 30_000],
  ])(
    'is denied at %s, not sooner',
    async (_title, { deadlineMs, ...authorization }: Record<string, number>, endsMs) => {
      issuer.authorization = authorization;
      const ann = new Client(policyWith(deadlineMs === undefined ? {} : { deadlineMs }));
      await ann.begin();
      const answer = ann.pressEnter();
      expect([...context.deadlines.values()]).toEqual([11_000, endsMs + 1_000]);
      await pass(endsMs - 1_000, 5_000);
      expect(await now(answer)).toBe('pending');
      await pass(1_000);

      expect(await answer).toMatchObject(denied(DenyReason.NotApproved));
      const asked = issuer.count('/token');
      await pass(MINUTE);
      expect(issuer.count('/token')).toBe(asked);
      expect(clock.pending).toBe(0);
    },
  );

  it('is asked about no more once the connection has ended, and its place is free', async () => {
    const policy = policyWith({ maxPending: 1 });
    const ann = new Client(policy);
    await ann.begin();
    await pass(5_000);
    ann.leave();
    await pass(MINUTE);

    expect(issuer.count('/token')).toBe(1);
    expect(clock.pending).toBe(0);
    expect(await new Client(policy).begin()).toMatchObject({ state: 'granted' });
  });

  it('is not even given a code once the connection has ended', async () => {
    issuer.silent.add('/device');
    const policy = policyWith({ maxPending: 1 });
    const ann = new Client(policy);
    const verdict = ann.begin();
    await turns();
    ann.leave();

    expect(await verdict).toMatchObject(denied(DenyReason.NotApproved));
    expect(issuer.calls.at(-1)).toMatchObject({ path: '/device', signal: { aborted: true } });
    issuer.silent.clear();
    expect(await new Client(policy).begin()).toMatchObject({ state: 'granted' });
  });

  it('gives up a request that is under way with the connection', async () => {
    issuer.answers = ['silence'];
    const ann = new Client(policyWith());
    await ann.begin();
    await pass(5_000);
    expect(issuer.calls.at(-1)).toMatchObject({ path: '/token', signal: { aborted: false } });
    ann.leave();

    expect(issuer.calls.at(-1)).toMatchObject({ signal: { aborted: true } });
  });

  it('gives up with whatever else is tried, and begins anew with another start', async () => {
    const ann = new Client(policyWith());
    await ann.begin();
    await ann.ask({ ...authRequest.password('ann', 'x'), connection: ann.start.connection });
    await pass(MINUTE);
    expect(issuer.count('/token')).toBe(0);
    expect(await ann.pressEnter()).toMatchObject({ state: 'open' });

    await ann.begin();
    await ann.begin();
    await pass(5_000);
    expect(issuer.count('/token')).toBe(1);
  });

  describe('is asked about no more', () => {
    const elsewhere: SSHUserAuthRequest = authRequest.password('ann', 'x', { connection: 99 });
    const outcome = { by: 'x', source: 'x', phase: 'authenticate', elapsedMs: 1 } as const;
    const decided = (request: SSHUserAuthRequest, denial = false) => {
      const { connection } = request;
      const said = denial
        ? ({ outcome: 'denied', reason: DenyReason.Banned } as const)
        : ({ outcome: 'granted', provisional: true } as const);
      context.emit({ type: 'Decided', connection, request, ...outcome, ...said });
    };
    const here = (ann: Client, request: SSHUserAuthRequest): SSHUserAuthRequest => ({
      ...request,
      connection: ann.start.connection,
    });

    it.each<[string, (ann: Client, policy: Policy) => unknown]>([
      [
        'once a policy ahead of it has granted something else',
        (ann, policy) =>
          firstValueFrom(
            policy(
              of(consider(here(ann, authRequest.password('ann', 'x')), context)).pipe(
                grantWhen<SSHUserAuthRequest>(({ method }) => method === 'password', { name: 'password' }),
              ),
            ),
          ),
      ],
      [
        'once a policy ahead of it has granted the answer',
        (ann, policy) =>
          firstValueFrom(
            policy(
              of(consider(here(ann, authRequest.keyboardInteractiveAnswer('ann', [''])), context)).pipe(
                grantWhen<SSHUserAuthRequest>(() => true, { name: 'anybody' }),
              ),
            ),
          ),
      ],
      [
        'once something else is begun that it never sees',
        (ann) => {
          context.emit(here(ann, authRequest.password('ann', 'x')));
        },
      ],
      [
        'once its questions are refused by a policy behind it',
        (ann) => {
          decided(ann.start, true);
        },
      ],
      [
        'once the answer is refused by a policy ahead of it',
        (ann) => {
          decided(here(ann, authRequest.keyboardInteractiveAnswer('ann', [''])), true);
        },
      ],
    ])('%s', async (_title, happen) => {
      const policy = policyWith({ maxPending: 1 });
      const ann = new Client(policy);
      await ann.begin();
      await happen(ann, policy);
      await pass(MINUTE);

      expect(issuer.count('/token')).toBe(0);
      expect(clock.pending).toBe(0);
      expect(await new Client(policy).begin()).toMatchObject({ state: 'granted' });
    });

    it('but not for what happens elsewhere, or for its own questions and answer', async () => {
      issuer.answers = [as('ann')];
      const ann = new Client(policyWith());
      await ann.begin();
      decided(ann.start);
      context.emit(elsewhere);
      decided(elsewhere, true);
      context.emit(here(ann, authRequest.keyboardInteractiveAnswer('ann', [''])));
      await pass(5_000);

      expect(await ann.pressEnter()).toMatchObject(GRANTED);
    });
  });

  it('is asked about no more when the policy is replaced', async () => {
    const ann = new Client(policyWith());
    await ann.begin();
    const answer = ann.pressEnter();
    context.retire();
    await pass(MINUTE);

    expect(await answer).toMatchObject(denied(DenyReason.NotApproved));
    expect(issuer.count('/token')).toBe(0);
  });
});

describe('sign-ins under way', () => {
  it('are no more than there may be', async () => {
    const policy = policyWith({ maxPending: 5 });
    const clients = Array.from({ length: 6 }, (_, index) => new Client(policy, 'ann', `192.0.2.${String(index)}`));
    const verdicts = await Promise.all(clients.map((client) => client.begin()));

    expect(verdicts.map(({ state }) => state)).toEqual([...Array<string>(5).fill('granted'), 'denied']);
    expect(verdicts.at(-1)).toMatchObject(denied(DenyReason.LimitReached));
    expect(issuer.count('/device')).toBe(5);
  });

  it.each([
    ['an address', ['192.0.2.7', '192.0.2.7', '192.0.2.7', '192.0.2.7', '192.0.2.8'], ['y', 'y', 'y', 'n', 'y']],
    [
      'an IPv6 network',
      ['2001:db8::1', '2001:db8::2:1', '2001:db8:0:0:ffff::', '2001:db8::ffff', '2001:db8:0:1::1'],
      ['y', 'y', 'y', 'n', 'y'],
    ],
  ])('are no more than there may be from %s', async (_title, addresses, expected) => {
    const policy = policyWith();
    const verdicts = await Promise.all(addresses.map((from) => new Client(policy, 'ann', from).begin()));

    expect(verdicts.map(({ state }) => (state === 'granted' ? 'y' : 'n'))).toEqual(expected);
  });

  it('give their place back however they end, once', async () => {
    const policy = policyWith({ maxPending: 1 });
    const ends: ((client: Client) => unknown)[] = [
      (client) => {
        client.leave();
      },
      (client) => client.ask({ ...authRequest.none('ann'), connection: client.start.connection }),
      () => pass(300_000, 10_000),
      async (client) => {
        issuer.answers = [as('ann')];
        await pass(5_000);
        await client.pressEnter();
        client.leave();
      },
    ];
    for (const end of ends) {
      const ann = new Client(policy);
      expect(await ann.begin()).toMatchObject({ state: 'granted' });
      expect(await new Client(policy).begin()).toMatchObject({ state: 'denied' });
      await end(ann);
    }
    issuer.broken.set('/device', 500);
    expect(await new Client(policy).begin()).toMatchObject(denied(DenyReason.PolicyFailed));
    issuer.broken.clear();
    expect(await new Client(policy).begin()).toMatchObject({ state: 'granted' });
    expect(await new Client(policy).begin()).toMatchObject(denied(DenyReason.LimitReached));
  });
});

describe('a provider that fails', () => {
  it.each<[string, () => void, string]>([
    ['is in trouble', () => issuer.broken.set('/device', 503), 'ERR_OIDC_AWAY'],
    ['does not tell of itself', () => issuer.broken.set('/.well-known/openid-configuration', 502), 'ERR_OIDC_AWAY'],
    ['does not know the client', () => issuer.broken.set('/device', 401), 'ERR_OIDC_INVALID'],
    ['is another one', () => (issuer.metadata = { issuer: 'https://evil.example.com' }), 'ERR_OIDC_INVALID'],
    ['has no device flow', () => (issuer.metadata = { device_authorization_endpoint: undefined }), 'ERR_OIDC_INVALID'],
    [
      'is not safe',
      () => (issuer.metadata = { device_authorization_endpoint: 'http://login.example.com/d' }),
      'ERR_OIDC_INVALID',
    ],
    ['shows what moves the cursor', () => (issuer.authorization = { user_code: 'A\u001b[2J' }), 'ERR_OIDC_INVALID'],
    [
      'shows no address',
      () => (issuer.authorization = { verification_uri: 'javascript:alert(1)' }),
      'ERR_OIDC_INVALID',
    ],
    [
      'shows an unsafe address',
      () => (issuer.authorization = { verification_uri: 'http://login.example.com' }),
      'ERR_OIDC_INVALID',
    ],
  ])('denies at the start: it %s', async (_title, spoil, code) => {
    spoil();

    expect(await new Client(policyWith()).begin()).toMatchObject({
      ...denied(DenyReason.PolicyFailed),
      cause: { code },
    });
  });

  it('denies when it does not answer in time', async () => {
    issuer.silent.add('/device');
    const verdict = new Client(policyWith({ requestTimeoutMs: 2_000 })).begin();
    await pass(1_999);
    expect(await now(verdict)).toBe('pending');
    await pass(1);

    expect(await verdict).toMatchObject({ ...denied(DenyReason.PolicyFailed), cause: { code: 'ERR_OIDC_TIMEOUT' } });
    expect(issuer.calls.at(-1)?.signal?.aborted).toBe(true);
  });

  it('denies with its trouble if that has not ended by the deadline', async () => {
    issuer.answers = [PENDING, { status: 500 }];
    const ann = new Client(policyWith({ deadlineMs: 30_000 }));
    await ann.begin();
    const answer = ann.pressEnter();
    await pass(30_000);

    expect(await answer).toMatchObject({ ...denied(DenyReason.PolicyFailed), cause: { code: 'ERR_OIDC_AWAY' } });
  });

  it.each<[string, TokenAnswer]>([
    ['signed by somebody else', as('ann', { key: STRANGE_KEY })],
    ['of another issuer', { claims: { preferred_username: 'ann', iss: 'https://evil.example.com' } }],
    ['for another client', { claims: { preferred_username: 'ann', aud: 'another' } }],
    ['for another party', { claims: { preferred_username: 'ann', aud: [CLIENT_ID, 'another'], azp: 'another' } }],
    ['that has run out', { claims: { preferred_username: 'ann', exp: START / 1000 - 60 } }],
    ['that is not valid yet', { claims: { preferred_username: 'ann', nbf: START / 1000 + 600 } }],
    ['of another sign-in', { claims: { preferred_username: 'ann', nonce: 'of another one' } }],
    ['without a subject', { claims: { preferred_username: 'ann', sub: undefined } }],
    ['that is none', as('ann', { tokens: { id_token: 'secret.secret.secret' } })],
    ['that is missing', as('ann', { tokens: { id_token: undefined } })],
    ['without a signature', as('ann', { tokens: { id_token: unsigned() } })],
  ])('denies with an ID token %s, and shows none of it', async (_title, answer) => {
    issuer.answers = [answer];
    const ann = new Client(policyWith());
    await ann.begin();
    await pass(5_000);
    const verdict = await ann.pressEnter();

    expect(verdict).toMatchObject({ ...denied(DenyReason.PolicyFailed), cause: { code: 'ERR_OIDC_INVALID' } });
    expect(inspect(verdict, { depth: 20, showHidden: true })).not.toMatch(/the access token|secret|device code|eyJ/);
  });

  it('takes an ID token without a nonce, which providers may leave out here', async () => {
    issuer.answers = [{ claims: { preferred_username: 'ann', nonce: undefined } }];
    const ann = new Client(policyWith());
    await ann.begin();
    await pass(5_000);

    expect(await ann.pressEnter()).toMatchObject(GRANTED);
  });

  it('says on one line why it will not, and stops', async () => {
    issuer.answers = [{ error: 'unauthorized_client' }];
    const ann = new Client(policyWith());
    await ann.begin();
    await pass(MINUTE);

    expect(await ann.pressEnter()).toMatchObject({
      cause: {
        code: 'ERR_OIDC_REFUSED',
        message: 'the token request was refused: unauthorized_client',
      },
    });
    expect(issuer.count('/token')).toBe(1);
  });

  it('shows nothing of what a fetch of one’s own fails with, but for the code of the system', async () => {
    const failing = (error: Error) => policyWith({ fetch: () => Promise.reject(error) });
    const request = { headers: { authorization: 'Basic c2VjcmV0' } };
    const refused = Object.assign(new Error('hunter2'), { config: request, code: 'ECONNREFUSED' });
    const nested = new TypeError('fetch failed', { cause: Object.assign(new Error('hunter2'), { code: 'ENOTFOUND' }) });
    for (const [error, message] of [
      [refused, 'the discovery failed: ECONNREFUSED'],
      [nested, 'the discovery failed: ENOTFOUND'],
      [Object.assign(new Error('hunter2'), { code: 'of hunter2' }), 'the discovery failed'],
    ] as const) {
      const verdict = await new Client(failing(error)).begin();

      expect(verdict).toMatchObject({ ...denied(DenyReason.PolicyFailed), cause: { code: 'ERR_OIDC_AWAY', message } });
      expect(inspect(verdict, { depth: 20, showHidden: true })).not.toMatch(/hunter2|c2VjcmV0/);
    }
  });
});

describe('a session', () => {
  /** What the lease of ann's session says, as it says it. */
  async function session(options: Partial<OidcDeviceFlowOptions>, answer: TokenAnswer = as('ann')) {
    issuer.answers = [answer];
    const ann = new Client(policyWith(options));
    await ann.begin();
    await pass(5_000);
    const verdict = await ann.pressEnter();
    const leases = verdict.state === 'granted' ? verdict.leases : [];
    const signals: LeaseSignal[] = [];
    for (const lease of leases) {
      (isObservable(lease) ? lease : lease(held({ kind: 'connection', clock }))).subscribe((it) => signals.push(it));
    }
    return { signals, leases };
  }

  it('lasts as long as its connection unless told otherwise', async () => {
    expect((await session({})).leases).toEqual([]);
  });

  it('ends with the access token', async () => {
    const { signals } = await session({ sessionEnds: 'with-token', graceMs: 5_000 });
    await pass(3_599_000, MINUTE);
    expect(signals).toEqual([]);
    await pass(1_000);

    expect(signals).toEqual([{ type: 'revoke', reason: 'your sign-in has expired', by: 'oidc', graceMs: 5_000 }]);
    expect(clock.pending).toBe(0);
  });

  it('ends with the ID token where nothing is said of the access token', async () => {
    const { signals } = await session({ sessionEnds: 'with-token' }, as('ann', { tokens: { expires_in: undefined } }));
    await pass(599_000, MINUTE);
    expect(signals).toEqual([]);
    await pass(1_000);

    expect(signals).toHaveLength(1);
  });

  it('ends with a token of two months, which is more than a timer can wait', async () => {
    const days = 86_400;
    const { signals } = await session({ sessionEnds: 'with-token' }, as('ann', { tokens: { expires_in: 60 * days } }));
    await pass(60 * days * 1000 - 1, 86_400_000);
    expect(signals).toEqual([]);
    await pass(1);

    expect(signals).toHaveLength(1);
  });

  it('ends when the grant is taken back, by the refresh token if there is one', async () => {
    const { signals } = await session(
      { sessionEnds: 'with-grant' },
      as('ann', { tokens: { refresh_token: 'the refresh token' } }),
    );
    await pass(10 * MINUTE, MINUTE);
    expect(signals).toEqual([]);
    expect(issuer.count('/introspect')).toBe(2);
    expect(issuer.calls.at(-1)?.body.get('token')).toBe('the refresh token');
    issuer.isActive = false;
    await pass(5 * MINUTE, MINUTE);

    expect(signals).toEqual([{ type: 'revoke', reason: 'your sign-in was ended', by: 'oidc', graceMs: 0 }]);
    expect(clock.pending).toBe(0);
  });

  it('bears with a provider that is away for a while, and tells of it', async () => {
    const { signals } = await session({ sessionEnds: 'with-grant', recheckMs: MINUTE, maxUnconfirmedMs: 3 * MINUTE });
    issuer.broken.set('/introspect', 500);
    await pass(2 * MINUTE);
    issuer.broken.clear();
    await pass(MINUTE);
    expect(context.reports).toMatchObject([
      { type: 'failure', by: 'oidc', cause: { code: 'ERR_OIDC_AWAY' } },
      { type: 'failure', by: 'oidc', cause: { code: 'ERR_OIDC_AWAY' } },
    ]);
    issuer.broken.set('/introspect', 500);
    await pass(2 * MINUTE);
    expect(signals).toEqual([]);
    await pass(MINUTE);

    expect(signals).toMatchObject([{ reason: 'your sign-in can no longer be confirmed' }]);
  });

  it('does not begin where the grant cannot be asked about', async () => {
    issuer.metadata = { introspection_endpoint: undefined };

    expect(await new Client(policyWith({ sessionEnds: 'with-grant' })).begin()).toMatchObject({
      ...denied(DenyReason.PolicyFailed),
      cause: { code: 'ERR_OIDC_REFUSED' },
    });
  });
});

describe('recorded traffic', () => {
  it('is decided without the provider', async () => {
    const recalled = (recollection: 'right' | 'wrong') => ({ ...context, recall: () => recollection });
    const decide = (request: SSHUserAuthRequest, recollection: 'right' | 'wrong') =>
      firstValueFrom(policyWith()(of(consider(request, recalled(recollection)))));
    const answer = authRequest.keyboardInteractiveAnswer('ann', ['']);

    expect(await decide(authRequest.keyboardInteractive('ann'), 'right')).toMatchObject({ challenge: {} });
    expect(await decide(answer, 'right')).toMatchObject(GRANTED);
    expect(await decide(answer, 'wrong')).toMatchObject(denied(DenyReason.NotApproved));
    expect(issuer.calls).toEqual([]);
  });
});

/** A token that says of itself that it needs no signature (RFC 7519 section 6). */
function unsigned(): string {
  const claims = {
    iss: ISSUER,
    aud: CLIENT_ID,
    sub: '1',
    iat: START / 1000,
    exp: START / 1000 + 600,
    preferred_username: 'ann',
  };
  return `${[{ alg: 'none' }, claims].map((it) => Buffer.from(JSON.stringify(it)).toString('base64url')).join('.')}.`;
}
