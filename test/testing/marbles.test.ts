import { AssertionError } from 'node:assert';

import { EMPTY, firstValueFrom, map, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';

import {
  acceptOffer,
  allowFrom,
  type Connected,
  consider,
  decline,
  deny,
  DenyReason,
  grant,
  grantKeyboardInteractive,
  grantPassword,
  type Policy,
  rateLimit,
  type SSHUserAuthRequest,
  systemClock,
  withLease,
} from '../../src/index.js';
import { authRequest, connectionRequest, marbles, type MarbleTools } from '../../src/testing/index.js';

const guess = authRequest.password('root', 'guess');
const right = authRequest.password('ann', 'right');
const signIn = grantPassword((_user, password) => password === 'right');

/** What the test that `body` describes throws. */
function failureOf(body: (tools: MarbleTools) => void): Error {
  try {
    marbles(body)();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('the marble test passed');
}

describe('marbles', () => {
  it(
    'judges a policy in a few lines, by letters that have their meaning',
    marbles(({ verdicts, expectVerdicts }) => {
      expectVerdicts(verdicts('n-g-r|', { n: authRequest.none('ann'), g: guess, r: right }).pipe(signIn)).toBe(
        'o-n-g|',
      );
    }),
  );

  it(
    'moves the clock that policies are given through hours at once',
    marbles(({ verdicts, expectVerdicts, clock }) => {
      const hourly: Policy<SSHUserAuthRequest> = rateLimit({
        limit: 2,
        windowMs: 3_600_000,
        keyOf: (request) => request.connection.remoteAddress,
        clock,
      });
      expectVerdicts(verdicts('a-a-a 60m a|', { a: guess }).pipe(hourly)).toBe('o-o-x 60m o|', {
        x: 'denied: rate-limited',
      });
    }),
  );

  it(
    'makes the clock of the system virtual as well',
    marbles(({ verdicts, expectVerdicts }) => {
      const policy = rateLimit<SSHUserAuthRequest>({ limit: 1, windowMs: 10_000, keyOf: () => '' });
      expectVerdicts(verdicts('aa 10s a', { a: guess }).pipe(policy)).toBe('od 10s o');
    }),
  );

  it(
    'starts the clock at zero and moves it with the marbles',
    marbles(({ events, expectEvents, clock }) => {
      const stamped$ = events('a 1s b').pipe(map((letter) => `${letter}${String(clock.now())}`));
      expectEvents(stamped$).toBe('a 1s b', { a: 'a0', b: 'b1001' });
      expectEvents(timer(5, clock.scheduler)).toBe('-----(t|)', { t: 0 });
    }),
  );

  it(
    'lets callbacks take their time',
    marbles(({ verdicts, expectVerdicts, answers }) => {
      const slow = grantPassword((user) =>
        user === 'ann' ? answers('---y', { y: true }) : answers('n', { n: false }),
      );
      expectVerdicts(verdicts('rg|', { r: right, g: guess }).pipe(slow)).toBe('-x-(y|)', {
        x: { outcome: 'declined', reason: DenyReason.BadCredential, request: guess },
        y: { outcome: 'granted', request: right },
      });
    }),
  );

  it(
    'takes verdicts that other policies have reached',
    marbles(({ verdicts, expectVerdicts }) => {
      const request = connectionRequest({ from: '198.51.100.1' });
      const policy = allowFrom<typeof request>(['192.0.2.0/24']);
      expectVerdicts(verdicts('g', { g: grant(consider(request), request, 'earlier') }).pipe(policy)).toBe('x', {
        x: { outcome: 'denied', reason: DenyReason.AddressNotAllowed, by: 'allowFrom' },
      });
    }),
  );

  it(
    'tells what somebody has declined from what nobody has decided, and from a denial',
    marbles(({ verdicts, expectVerdicts }) => {
      const request = connectionRequest();
      const open = consider(request);
      const declined = decline(open, 'keys', DenyReason.KeyNotAccepted);
      const denied = deny(open, 'keys', DenyReason.KeyNotAccepted);
      expectVerdicts(verdicts('a-b-c-(bb)', { a: open, b: declined, c: denied })).toBe('o-n-d-(xy)', {
        x: 'declined: key-not-accepted',
        y: { outcome: 'declined', reason: DenyReason.KeyNotAccepted, by: 'keys', leases: 0, request },
      });
      expectVerdicts(verdicts('b', { b: withLease(declined, EMPTY) })).toBe('l', {
        l: { outcome: 'declined', leases: 1 },
      });
    }),
  );

  it(
    'tells a question from a grant',
    marbles(({ verdicts, expectVerdicts }) => {
      const code = grantKeyboardInteractive({ prompts: [{ text: 'Code: ' }], verify: (_user, [code]) => code === '1' });
      const start = authRequest.keyboardInteractive('ann');
      const answer = authRequest.keyboardInteractiveAnswer('ann', ['1']);
      expectVerdicts(verdicts('s-a', { s: start, a: answer }).pipe(code)).toBe('c-g');
    }),
  );

  it(
    'counts leases',
    marbles(({ verdicts, expectVerdicts }) => {
      const leased = withLease(withLease(consider(guess), EMPTY), EMPTY);
      expectVerdicts(verdicts('l', { l: leased })).toBe('l', { l: { outcome: 'open', leases: 2 } });
    }),
  );

  it(
    'subscribes and unsubscribes when told to',
    marbles(({ events, expectEvents, verdicts, expectVerdicts }) => {
      expectEvents(events('a-b-c'), '-^-!').toBe('--b');
      expectVerdicts(verdicts('a-a-a', { a: guess }), '^--!').toBe('o-o');
    }),
  );

  it(
    'compares events and errors of any kind',
    marbles(({ events, expectEvents }) => {
      const { connection } = connectionRequest();
      const connected: Connected = { type: 'Connected', connection };
      expectEvents(events('c-#', { c: connected }, 'gone')).toBe('c-#', { c: { ...connected } }, 'gone');
      expectEvents(events('(ab|)')).toBe('(ab|)');
    }),
  );

  it('runs each time it is called, as test runners that repeat tests do', () => {
    let runs = 0;
    const test = marbles(({ verdicts, expectVerdicts }) => {
      runs += 1;
      expectVerdicts(verdicts('r', { r: right }).pipe(signIn)).toBe('g');
    });
    test();
    test();

    expect(runs).toBe(2);
    expect(test).toHaveLength(0);
  });
});

describe('a wrong expectation', () => {
  it('is shown beside what happened, with the time and all that is known of the verdict', () => {
    const error = failureOf(({ verdicts, expectVerdicts }) => {
      expectVerdicts(verdicts('g-r|', { g: guess, r: right }).pipe(signIn)).toBe('g-g|');
    });

    expect(error).toBeInstanceOf(AssertionError);
    expect(error).toMatchObject({
      actual: [
        '0 ms  declined: bad-credential by grantPassword, for SSHUserAuthRequest password root from 192.0.2.7',
        '2 ms  granted',
        '3 ms  complete',
      ],
      expected: ['0 ms  granted', '2 ms  granted', '3 ms  complete'],
    });
    expect(error.message).toMatch(/\+\s+'0 ms {2}declined: bad-credential/);
    expect(error.message).toMatch(/-\s+'0 ms {2}granted'/);
  });

  it.each<[what: string, body: (tools: MarbleTools) => void]>([
    [
      'another outcome',
      ({ verdicts, expectVerdicts }) => {
        expectVerdicts(verdicts('r', { r: right })).toBe('g');
      },
    ],
    [
      'another reason',
      ({ verdicts, expectVerdicts }) => {
        const denied = deny(consider(guess), 'it', DenyReason.BadCredential);
        expectVerdicts(verdicts('x', { x: denied })).toBe('x', { x: 'denied: rate-limited' });
      },
    ],
    [
      'another policy',
      ({ verdicts, expectVerdicts }) => {
        expectVerdicts(verdicts('r', { r: right }).pipe(signIn)).toBe('x', { x: { outcome: 'granted', by: 'other' } });
      },
    ],
    [
      'a declined verdict taken for an open one',
      ({ verdicts, expectVerdicts }) => {
        expectVerdicts(verdicts('g', { g: guess }).pipe(signIn)).toBe('o');
      },
    ],
    [
      'a declined verdict taken for a denied one',
      ({ verdicts, expectVerdicts }) => {
        expectVerdicts(verdicts('g', { g: guess }).pipe(signIn)).toBe('x', { x: 'denied: bad-credential' });
      },
    ],
    [
      'an open verdict taken for a declined one',
      ({ verdicts, expectVerdicts }) => {
        expectVerdicts(verdicts('r', { r: right })).toBe('n');
      },
    ],
    [
      'a denied verdict taken for a declined one',
      ({ verdicts, expectVerdicts }) => {
        const denied = deny(consider(guess), 'it', DenyReason.BadCredential);
        expectVerdicts(verdicts('x', { x: denied })).toBe('x', { x: 'declined: bad-credential' });
      },
    ],
    [
      'another reason to decline',
      ({ verdicts, expectVerdicts }) => {
        expectVerdicts(verdicts('g', { g: guess }).pipe(signIn)).toBe('x', { x: 'declined: key-not-accepted' });
      },
    ],
    [
      'declined by another policy',
      ({ verdicts, expectVerdicts }) => {
        expectVerdicts(verdicts('g', { g: guess }).pipe(signIn)).toBe('x', { x: { outcome: 'declined', by: 'other' } });
      },
    ],
    [
      'another request, though it looks the same',
      ({ verdicts, expectVerdicts }) => {
        const twin = authRequest.password('ann', 'right');
        expectVerdicts(verdicts('r', { r: right })).toBe('x', { x: { outcome: 'open', request: twin } });
      },
    ],
    [
      'another number of leases',
      ({ verdicts, expectVerdicts }) => {
        expectVerdicts(verdicts('r', { r: right })).toBe('x', { x: { outcome: 'open', leases: 1 } });
      },
    ],
    [
      'another time',
      ({ verdicts, expectVerdicts }) => {
        expectVerdicts(verdicts('-r', { r: right })).toBe('o');
      },
    ],
    [
      'a verdict too many',
      ({ verdicts, expectVerdicts }) => {
        expectVerdicts(verdicts('rr', { r: right })).toBe('o');
      },
    ],
    [
      'an end that does not come',
      ({ verdicts, expectVerdicts }) => {
        expectVerdicts(verdicts('r', { r: right })).toBe('o|');
      },
    ],
    [
      'an end that comes',
      ({ verdicts, expectVerdicts }) => {
        expectVerdicts(verdicts('r|', { r: right })).toBe('o');
      },
    ],
    [
      'another error',
      ({ events, expectEvents }) => {
        expectEvents(events('#', {}, 'this')).toBe('#', {}, 'that');
      },
    ],
    [
      'an error in place of an end',
      ({ events, expectEvents }) => {
        expectEvents(events('#')).toBe('|');
      },
    ],
    [
      'another value',
      ({ events, expectEvents }) => {
        expectEvents(events('a', { a: { n: 1 } })).toBe('a', { a: { n: 2 } });
      },
    ],
    [
      'a question taken for a grant',
      ({ verdicts, expectVerdicts }) => {
        const ask = grantKeyboardInteractive({ prompts: [{ text: 'Code: ' }], verify: () => true });
        expectVerdicts(verdicts('s', { s: authRequest.keyboardInteractive('ann') }).pipe(ask)).toBe('g');
      },
    ],
    [
      'an offer taken for a grant',
      ({ verdicts, expectVerdicts }) => {
        const offer = authRequest.offeredKey('ann', KEY_LINE);
        expectVerdicts(verdicts('k', { k: acceptOffer<SSHUserAuthRequest>(consider(offer), offer, 'keys') })).toBe('g');
      },
    ],
  ])('throws: %s', (_what, body) => {
    expect(failureOf(body)).toBeInstanceOf(AssertionError);
  });

  it('tells values apart that look the same', () => {
    const error = failureOf(({ events, expectEvents }) => {
      expectEvents(events('a', { a: () => 1 })).toBe('a', { a: () => 1 });
    });

    expect(error).toMatchObject({ actual: ['0 ms  [Function: a] (another one)'], expected: ['0 ms  [Function: a]'] });
  });

  it('explains that promises never settle in virtual time', () => {
    const error = failureOf(({ verdicts, expectVerdicts }) => {
      const patient = grantPassword(() => Promise.resolve(true));
      expectVerdicts(verdicts('r', { r: right }).pipe(patient)).toBe('g');
    });

    expect(error.message).toContain('A promise never settles in virtual time');
  });

  it('names the policy that failed, and why', () => {
    const error = failureOf(({ verdicts, expectVerdicts }) => {
      const broken = grantPassword(() => {
        throw new Error('no database');
      });
      expectVerdicts(verdicts('r', { r: right }).pipe(broken)).toBe('g');
    });

    expect(error).toMatchObject({ actual: [expect.stringContaining('policy-failed by grantPassword')] });
    expect(error).toMatchObject({ actual: [expect.stringContaining('since no database')] });
  });
});

describe('a test that could not fail', () => {
  it.each<[what: string, body: (tools: MarbleTools) => unknown, message: RegExp]>([
    ['is asynchronous', async () => Promise.resolve(), /must not be async/],
    ['expects nothing', ({ verdicts, expectVerdicts }) => expectVerdicts(verdicts('r', { r: right })), /without toBe/],
    [
      'has a request without a meaning',
      ({ verdicts, expectVerdicts }) => {
        expectVerdicts(verdicts('x', { r: right })).toBe('-');
      },
      /"x" in "x" has no meaning/,
    ],
    [
      'has an outcome without a meaning',
      ({ verdicts, expectVerdicts }) => {
        expectVerdicts(verdicts('r', { r: right })).toBe('x');
      },
      /"x" in "x" has no meaning/,
    ],
    [
      'has an event without a meaning',
      ({ events, expectEvents }) => {
        expectEvents(events('a', { b: 1 })).toBe('-');
      },
      /"a" in "a" has no meaning/,
    ],
    [
      'has an answer without a meaning',
      ({ answers, expectEvents }) => {
        expectEvents(answers('a', { b: 1 })).toBe('-');
      },
      /"a" in "a" has no meaning/,
    ],
  ])('throws if it %s', (_what, body, message) => {
    const error = failureOf(body);

    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(message);
  });

  it('throws what the body throws', () => {
    expect(
      failureOf(() => {
        throw new RangeError('mine');
      }),
    ).toMatchObject({ name: 'RangeError', message: 'mine' });
  });

  it('leaves real time behind when it fails', async () => {
    failureOf(({ verdicts, expectVerdicts }) => {
      expectVerdicts(verdicts('r', { r: right })).toBe('g');
    });

    expect(await firstValueFrom(timer(0))).toBe(0);
    expect(systemClock.now()).toBeGreaterThan(1_600_000_000_000);
  });
});

const KEY_LINE = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJp0H4zqzHXoZ3mI3gJ3SZg7b5c5mQ0c5XkZ2m8Fh2mD ann@example.com';
