import { asyncScheduler, EMPTY, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import { SshServerError, type SshServerErrorCode } from '../../../../src/errors.js';
import { penalties, type PenaltiesOptions } from '../../../../src/handlers/policies/abuse/penalties.js';
import { decide, exec, grantPassword } from '../../../../src/index.js';
import type { Clock } from '../../../../src/streams/clock.js';
import type { ConnectionInfo } from '../../../../src/streams/connection-info.js';
import type { CounterStore } from '../../../../src/streams/counter-store.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import { EventHub } from '../../../../src/streams/event-hub.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { Decided } from '../../../../src/streams/events/decided.js';
import type { Disconnected } from '../../../../src/streams/events/disconnected.js';
import type { SshRequest } from '../../../../src/streams/events/ssh-request.js';
import { MemoryCounterStore } from '../../../../src/streams/memory-counter-store.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { consider } from '../../../../src/streams/verdict.js';
import { authRequest } from '../../../../src/testing/auth-request.js';
import { channelOpen } from '../../../../src/testing/channel-open.js';
import { channelRequest } from '../../../../src/testing/channel-request.js';
import { connectionRequest } from '../../../../src/testing/connection-request.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { connectionOf } from '../../../../src/testing/request-origin.js';
import { serviceRequest } from '../../../../src/testing/service-request.js';
import { describeOutcome } from '../../../../src/testing/simulation/client-outcome.js';
import { simulate } from '../../../../src/testing/simulation/simulate.js';
import { deniedEvent, disconnectedEvent, grantedEvent, provisionalEvent, revokedEvent } from '../decisions.js';
import { keyOf, lineOf } from '../keys.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { knock } from '../requests.js';
import { answersTo } from '../verdicts.js';

const ANN = '192.0.2.1';
const BOB = '192.0.2.2';

type Step = (request: typeof authRequest) => Decided;

/** A server in front of one policy, with a clock that is moved by hand. */
class Desk {
  now = 0;
  readonly clock: Clock = { scheduler: asyncScheduler, now: () => this.now };
  readonly context = policyContext({ clock: this.clock });
  readonly #policy: Policy<SshRequest>;
  #connections = 0;

  constructor(options: PenaltiesOptions = {}) {
    this.#policy = penalties(options);
    this.knocks('203.0.113.99');
  }

  /** What becomes of a request to connect. */
  knocks(from: string): string | undefined {
    const [verdict] = answersTo(this.#policy, consider<SshRequest>(connectionRequest({ from }), this.context));
    return verdict?.state === 'denied' ? verdict.reason : verdict?.state;
  }

  /** A connection in which these decisions are made, before it ends. */
  connects(
    from: string,
    steps: readonly Step[] = [],
    end: Partial<Disconnected> = {},
    error?: SshServerErrorCode,
  ): void {
    const connection = this.#connection(from);
    const decisions = steps.map((step) => step(authRequest));
    for (const decided of decisions) {
      this.context.emit({ ...decided, connection, request: { ...decided.request, connection } });
    }
    if (error !== undefined) this.context.emit({ type: 'Error', connection, error: new SshServerError(error, 'bad') });
    const signedIn = decisions.some(isSignedIn) ? { identity: { user: 'ann', method: 'password' } } : {};
    this.context.emit(disconnectedEvent(connection, { ...signedIn, ...end }));
  }

  isRefused(reason: DenyReason, from = ANN): void {
    this.context.emit(deniedEvent({ type: 'ConnectionRequest', connection: this.#connection(from) }, reason));
  }

  /** Milliseconds until `from` may connect again. The last thing to ask: the store forgets what is over by then. */
  refusedFor(from = ANN): number {
    const start = this.now;
    while (this.knocks(from) === DenyReason.Banned) this.now += 500;
    const left = this.now - start;
    this.now = start;
    return left;
  }

  #connection(from: string): ConnectionInfo {
    this.#connections += 1;
    return connectionOf({ from, connection: this.#connections });
  }
}

/** Whether a decision lets somebody in, or is about what only somebody who is in asks for. */
const isSignedIn = (decided: Decided): boolean =>
  'identity' in decided.request ||
  (decided.request.type === 'SSHUserAuthRequest' && decided.outcome === 'granted' && decided.provisional !== true);

const guessed: Step = (request) => deniedEvent(request.password('ann', 'guess'), DenyReason.BadCredential);
const signedIn: Step = (request) => grantedEvent(request.password('ann', 'secret'));
const answered: Step = (request) => grantedEvent(request.keyboardInteractiveAnswer('ann', ['1234']));
const wronglyAnswered: Step = (request) =>
  deniedEvent(request.keyboardInteractiveAnswer('ann', ['x']), DenyReason.BadCredential);
const none: Step = (request) => deniedEvent(request.none('ann'), DenyReason.NoGrant);
const offered: Step = (request) => provisionalEvent(request.offeredKey('ann', lineOf(keyOf(1))));
const asked: Step = (request) => provisionalEvent(request.keyboardInteractive('ann'));
const askedMore: Step = (request) => provisionalEvent(request.keyboardInteractiveAnswer('ann', ['1234']));
const service: Step = () => grantedEvent(serviceRequest('ssh-userauth'));
const lateGrant: Step = (request) => revokedEvent(request.password('ann', 'secret'));
const opened: Step = () => grantedEvent(channelOpen.session());
const loginGrace = { by: 'server', revoked: { by: 'loginGrace', message: 'too slow' } } as const;

/** A threshold at which every penalty is in force, to see how much it is. */
const bare = { minMs: 1 };

describe('penalties', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({ name: 'penalties', make: penalties, decides: knock(ANN) });

  it.each<[string, number, readonly Step[], Partial<Disconnected>, SshServerErrorCode?]>([
    ['leaves at once', 1_000, [], {}],
    ['is cut off by the network', 1_000, [], { by: 'network' }],
    ['only asks for a service', 1_000, [service], {}],
    ['only asks for the methods', 1_000, [service, none], {}],
    ['only offers keys', 1_000, [none, offered], {}],
    ['only begins to be asked', 1_000, [asked], {}],
    ['guesses once', 5_000, [none, guessed], {}],
    ['guesses often', 5_000, [guessed, guessed, guessed, guessed], {}],
    ['guesses until it is sent away', 5_000, [guessed, guessed], { by: 'server' }],
    ['gets through one round of questions and not the next', 5_000, [asked, askedMore, wronglyAnswered], {}],
    ['does not sign in in time', 10_000, [], loginGrace],
    ['guesses and does not sign in in time', 10_000, [guessed], loginGrace],
    ['breaks the protocol', 90_000, [], { by: 'server', reason: 'PROTOCOL_ERROR' }, 'ERR_SSH_PROTOCOL'],
    ['breaks it after it signed in', 90_000, [signedIn], { by: 'server', reason: 'MAC_ERROR' }, 'ERR_SSH_PROTOCOL'],
    ['finds no common algorithm', 1_000, [], { by: 'server', reason: 'KEY_EXCHANGE_FAILED' }, 'ERR_SSH_PROTOCOL'],
    ['signs in', 0, [none, offered, signedIn], {}],
    ['signs in after a wrong guess', 0, [guessed, signedIn], {}],
    ['signs in by answers', 0, [asked, answered], {}],
    ['signs in by answers after a wrong guess', 0, [guessed, asked, answered], {}],
    ['answers a round of questions and leaves', 1_000, [asked, askedMore], {}],
    ['answers wrong, then a round of questions, and leaves', 5_000, [asked, wronglyAnswered, asked, askedMore], {}],
    ['signs in and opens a channel', 0, [service, signedIn, opened], {}],
    ['has signed in before the policy began to listen', 0, [opened], {}],
    ['has its permission taken back and leaves', 0, [signedIn, lateGrant], {}],
    ['is sent away before it could do anything', 0, [], { by: 'server' }],
    ['suffers from a broken policy', 0, [signedIn], {}, 'ERR_SSH_POLICY_FAILED'],
  ])('charges a connection that %s with %d ms', (_what, penaltyMs, steps, end, error) => {
    const desk = new Desk(bare);
    desk.connects(ANN, steps, end, error);

    expect(desk.refusedFor()).toBe(penaltyMs);
  });

  it.each([
    [DenyReason.AddressNotAllowed, 10_000],
    [DenyReason.NotPermitted, 10_000],
    [DenyReason.Banned, 0],
    [DenyReason.LimitReached, 0],
    [DenyReason.RateLimited, 0],
    [DenyReason.ShuttingDown, 0],
    [DenyReason.PolicyFailed, 0],
  ])('charges a connection that is refused for %s with %d ms', (reason, penaltyMs) => {
    const desk = new Desk(bare);
    desk.isRefused(reason);

    expect(desk.refusedFor()).toBe(penaltyMs);
  });

  it('refuses a source once its penalty has come to the threshold, and no other', () => {
    const desk = new Desk();
    desk.connects(ANN, [guessed]);
    desk.connects(ANN, [guessed]);
    expect(desk.knocks(ANN)).toBe('open');
    desk.connects(ANN, [guessed]);

    expect(desk.knocks(ANN)).toBe(DenyReason.Banned);
    expect(desk.knocks(BOB)).toBe('open');
  });

  it('refuses until the penalty has drained to nothing, to the millisecond', () => {
    const desk = new Desk();
    for (let times = 3; times > 0; times -= 1) desk.connects(ANN, [guessed]);
    desk.now = 14_999;
    expect(desk.knocks(ANN)).toBe(DenyReason.Banned);
    desk.now = 15_000;

    expect(desk.knocks(ANN)).toBe('open');
  });

  it('forgives who fails no faster than the penalty drains', () => {
    const desk = new Desk();
    for (let times = 100; times > 0; times -= 1) {
      desk.connects(ANN, [guessed]);
      expect(desk.knocks(ANN)).toBe('open');
      desk.now += 5_000;
    }
  });

  it('adds to a penalty in force, even a little, and never above the maximum', () => {
    const desk = new Desk();
    for (let times = 3; times > 0; times -= 1) desk.connects(ANN, [guessed]);
    desk.now = 14_000;
    desk.connects(ANN);
    desk.now = 15_999;
    expect(desk.knocks(ANN)).toBe(DenyReason.Banned);
    desk.now = 16_000;
    expect(desk.knocks(ANN)).toBe('open');
    for (let times = 10; times > 0; times -= 1) desk.connects(ANN, [], {}, 'ERR_SSH_PROTOCOL');

    expect(desk.refusedFor()).toBe(600_000);
  });

  it('begins anew after a penalty has been served', () => {
    const desk = new Desk();
    for (let times = 3; times > 0; times -= 1) desk.connects(ANN, [guessed]);
    desk.now = 15_000;
    desk.connects(ANN, [guessed]);

    expect(desk.knocks(ANN)).toBe('open');
  });

  it('goes by weights, threshold and maximum of its own', () => {
    const refusedAfter = (guesses: number): number => {
      const desk = new Desk({ weights: { authFailureMs: 2_000, noAuthMs: 0 }, minMs: 4_000, maxMs: 5_000 });
      for (let times = 9; times > 0; times -= 1) desk.connects(ANN);
      for (let times = guesses; times > 0; times -= 1) desk.connects(ANN, [guessed]);
      return desk.refusedFor();
    };

    expect([1, 2, 3].map(refusedAfter)).toEqual([0, 4_000, 5_000]);
  });

  it('neither penalises nor refuses exempt addresses, nor peers without one', () => {
    const desk = new Desk({ ...bare, exempt: ['192.0.2.0/31'], ipv4Prefix: 24 });
    desk.connects(ANN);
    desk.connects('');
    expect(desk.knocks(BOB)).toBe('open');
    desk.connects(BOB);

    expect(desk.knocks(BOB)).toBe(DenyReason.Banned);
    expect(desk.knocks(ANN)).toBe('open');
    expect(desk.knocks('')).toBe('open');
  });

  it('takes an IPv6 /64 for one source', () => {
    const desk = new Desk(bare);
    desk.connects('2001:db8::1');

    expect(desk.knocks('2001:db8::2')).toBe(DenyReason.Banned);
    expect(desk.knocks('2001:db8:0:1::1')).toBe('open');
  });

  it('takes no permission back when policies are replaced', () => {
    const store = new MemoryCounterStore();
    const desk = new Desk({ ...bare, store });
    desk.connects(ANN);
    const context = policyContext({ clock: desk.clock, reevaluation: true });
    const again = penalties<SshRequest>({ ...bare, store });

    expect(answersTo(again, consider<SshRequest>(knock(ANN), context))).toMatchObject([{ state: 'open' }]);
  });

  it('stays within its bounds when an attacker comes from 20,000 networks, and keeps the longest penalties', () => {
    const store = new MemoryCounterStore({ maxKeys: 1_000 });
    const desk = new Desk({ store });
    desk.connects(ANN, [], {}, 'ERR_SSH_PROTOCOL');
    for (let network = 0; network < 20_000; network += 1) {
      desk.connects(`2001:db8:${(network >> 16).toString(16)}:${(network & 0xffff).toString(16)}::1`);
    }

    expect(store.size).toBe(1_000);
    expect(desk.knocks(ANN)).toBe(DenyReason.Banned);
  });

  it('shares penalties with a policy of the same name in the same store', () => {
    const store = new MemoryCounterStore();
    const [one, two, other] = [new Desk({ store }), new Desk({ store }), new Desk({ store, name: 'other' })];
    one.connects(ANN, [guessed]);
    two.connects(ANN, [guessed]);
    one.connects(ANN, [guessed]);

    expect([one, two, other].map((it) => it.knocks(ANN))).toEqual([DenyReason.Banned, DenyReason.Banned, 'open']);
  });

  describe('on a server where nobody else listens to decisions', () => {
    const handlers = [
      decide('ConnectionRequest', penalties({ minMs: 4_000 })),
      decide(
        'SSHUserAuthRequest',
        grantPassword((_user, password) => password === 'secret'),
      ),
      exec('hello', () => 'hello\n'),
    ];
    const steps = {
      r: authRequest.password('ann', 'secret'),
      w: authRequest.password('ann', 'guess'),
      x: channelRequest.exec('hello'),
    };
    /** What one client learns, and the events that its server has built of it. */
    const visit = async (marble: string) => {
      const emit = vi.spyOn(EventHub.prototype, 'emit');
      try {
        await using simulation = await simulate({ handlers });
        const client = simulation.client(ANN, marble, steps);
        await simulation.run('1m');
        return { client, built: emit.mock.calls.map(([event]) => event) };
      } finally {
        emit.mockRestore();
      }
    };

    it('has no decision built of a login that goes well, nor anything but its end', async () => {
      const { client, built } = await visit('c-r-s-x 1s |');

      expect(client.outcomes.map(describeOutcome)).toEqual([
        'connected',
        'granted',
        'opened',
        'done',
        'exited: 0',
        'closed',
      ]);
      expect(built).toMatchObject([{ type: 'Disconnected', identity: { user: 'ann', method: 'password' } }]);
    });

    it('has denials built alone, and learns from them', async () => {
      const { client, built } = await visit('c-w-|-c');

      expect(client.outcomes.map(describeOutcome)).toEqual(['connected', 'denied: publickey,password', 'refused']);
      expect(built.map((event) => (event.type === 'Decided' ? event.outcome : event.type))).toEqual([
        'denied',
        'Disconnected',
        'denied',
      ]);
    });
  });

  describe('with a store that fails', () => {
    const failures: readonly (readonly [string, () => never])[] = [
      [
        'throws',
        () => {
          throw new Error('broken');
        },
      ],
      ['errors', () => throwError(() => new Error('broken')) as never],
      ['completes without an answer', () => EMPTY as never],
      ['answers nonsense', () => NaN as never],
    ];
    const broken = (answer: () => never): CounterStore => ({ hit: answer, extend: answer, clear: answer });

    it.each(failures)('denies with the failure: %s', (_what, answer) => {
      const policy = penalties<SshRequest>({ store: broken(answer) });
      const [verdict] = answersTo(policy, consider<SshRequest>(knock(ANN)));

      expect(verdict).toMatchObject({ state: 'denied', reason: DenyReason.PolicyFailed });
      expect(verdict).toHaveProperty('cause', expect.any(Error));
    });

    it.each(failures)(
      'lets the request pass if told so, and reports that and what it cannot learn: %s',
      (_what, answer) => {
        const desk = new Desk({ store: broken(answer), onStoreFailure: 'allow' });
        const before = desk.context.reports.length;
        desk.connects(ANN, [guessed]);

        expect(before).toBe(1);
        expect(desk.context.reports).toHaveLength(2);
        expect(desk.context.reports[1]).toEqual({
          type: 'failure',
          request: connectionRequest({ from: ANN, connection: 1 }),
          by: 'penalties',
          cause: expect.any(Error) as unknown,
        });
        expect(desk.knocks(ANN)).toBe('open');
      },
    );
  });

  it.each<[PenaltiesOptions, string]>([
    [{ minMs: 0 }, 'minMs must be a finite number of milliseconds above 0, got 0'],
    [{ maxMs: Infinity }, 'maxMs must be a finite number of milliseconds above 0, got Infinity'],
    [{ maxMs: 14_999 }, 'maxMs must be at least minMs, got 14999'],
    [{ weights: { noAuthMs: -1 } }, 'weights.noAuthMs must be a finite number of milliseconds, 0 or more, got -1'],
    [{ weights: { refusedMs: NaN } }, 'weights.refusedMs must be a finite number of milliseconds, 0 or more, got NaN'],
    [{ ipv6Prefix: 129 }, 'ipv6Prefix must be an integer from 0 to 128, got 129'],
    [
      { exempt: ['192.0.2.0/33'] },
      "exempt has an entry that cannot be used, since its prefix length must be 0 to 32, got '192.0.2.0/33'",
    ],
  ])('refuses %o when it is made', (options, message) => {
    expect(() => penalties(options)).toThrow(optionError(`penalties: ${message}`));
  });

  it('refuses, from JavaScript, an unknown kind, a list that is none, a choice that there is not', () => {
    // @ts-expect-error there is no such kind
    expect(() => penalties({ weights: { crash: 90 } })).toThrow(
      optionError(
        "penalties: weights must be of authFailureMs, noAuthMs, graceExceededMs, protocolErrorMs, refusedMs, got 'crash'",
      ),
    );
    // @ts-expect-error a list is wanted
    expect(() => penalties({ exempt: '192.0.2.0/24' })).toThrow(
      optionError("penalties: exempt must be an array of addresses, got '192.0.2.0/24'"),
    );
    // @ts-expect-error there are two choices
    expect(() => penalties({ onStoreFailure: 'ignore' })).toThrow(
      optionError("penalties: onStoreFailure must be 'deny' or 'allow', got 'ignore'"),
    );
  });
});
