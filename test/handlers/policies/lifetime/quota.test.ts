import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { quota, type QuotaOptions } from '../../../../src/handlers/policies/lifetime/quota.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { SSHChannelRequest } from '../../../../src/streams/events/ssh-channel-request.js';
import type { SshRequest } from '../../../../src/streams/events/ssh-request.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { LeaseSignal } from '../../../../src/streams/lease.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { channelRequest } from '../../../../src/testing/channel-request.js';
import { held, type TestHeld } from '../../../../src/testing/held.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { type BegunGrant, beginGrant } from '../begin-grant.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { knock, password } from '../requests.js';
import { answersTo, decisionOn, deniedBy } from '../verdicts.js';
import { type VirtualTime, virtualTime } from '../virtual-time.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const warning = (percent: number, what: string): LeaseSignal => ({
  type: 'warn',
  message: `You have used ${String(percent)} percent of ${what} within 1 day`,
});
const revocation = (what: string): LeaseSignal => ({
  type: 'revoke',
  reason: `you have used up ${what} within 1 day`,
  by: 'quota',
});
const DATA = 'the data that you may transfer';
const COMMANDS = 'the commands that you may start';
const TIME = 'the time that you may be connected';

interface Begun extends BegunGrant {
  readonly thing: TestHeld;
}

/** A server with one quota for sign-ins, in virtual time. */
function signIns(options: Partial<QuotaOptions<SSHUserAuthRequest>>) {
  const time = virtualTime();
  return { time, ...server<SSHUserAuthRequest>(time, quota({ windowMs: DAY, ...options })), password };
}

function server<R extends SshRequest>(time: VirtualTime, policy: Policy<R>) {
  const context = policyContext({ clock: time.clock });
  const again = policyContext({ clock: time.clock, reevaluation: true });
  const ask = (request: R, asked = context): Verdict<R> => {
    const [verdict] = answersTo(policy, consider(request, asked));
    if (verdict === undefined) throw new Error('the policy has not answered');
    return verdict;
  };
  const begin = (verdict: Verdict<R>): Begun => {
    const thing = held({ clock: time.clock });
    // Getters, so that what happens later is seen.
    return Object.defineProperty(beginGrant(verdict, thing), 'thing', { value: thing }) as Begun;
  };
  return {
    ask,
    reasonFor: (request: R) => {
      const verdict = ask(request);
      return verdict.state === 'denied' ? verdict.reason : verdict.state;
    },
    begin: (request: R) => begin(ask(request)),
    beginAgain: (request: R) => begin(ask(request, again)),
    grant: begin,
  };
}

const ann = password('secret');
const bob = password('secret', 'bob');

describe('quota', () => {
  obeysTheLawsOfPolicies<SSHUserAuthRequest>({
    name: 'quota',
    make: (options) => quota({ bytes: 1000, windowMs: DAY, ...options }),
    decides: ann,
    leases: 1,
  });

  describe('of bytes', () => {
    it('counts both ways over all connections of a user, warns all of them and ends all of them', () => {
      const { begin } = signIns({ bytes: 100 });
      const [first, second, other] = [begin(ann), begin(ann), begin(bob)];
      first.thing.receive(40);
      second.thing.send(39);
      expect(first.signals).toEqual([]);
      second.thing.receive(1);
      expect(first.signals).toEqual([warning(80, DATA)]);
      first.thing.send(20);
      expect([first.revoked, second.revoked]).toEqual([false, false]);
      first.thing.send(1);

      expect(first.signals).toEqual([warning(80, DATA), revocation(DATA)]);
      expect(second.signals).toEqual(first.signals);
      expect(other.signals).toEqual([]);
    });

    it('denies once all is used, to the byte, and only who has used it', () => {
      const { begin, reasonFor } = signIns({ bytes: 100 });
      const { thing } = begin(ann);
      thing.send(99);
      expect(reasonFor(ann)).toBe('open');
      thing.send(1);

      expect(reasonFor(ann)).toBe(DenyReason.QuotaExceeded);
      expect(reasonFor(bob)).toBe('open');
    });

    it('ends without a warning what exceeds in one packet', () => {
      const { begin } = signIns({ bytes: 100 });
      const grant = begin(ann);
      grant.thing.receive(101);

      expect(grant.signals).toEqual([revocation(DATA)]);
    });

    it('gives all of it back when the window is over, not earlier, and warns anew', () => {
      const { time, begin, reasonFor } = signIns({ bytes: 100 });
      time.advance(5 * HOUR);
      const grant = begin(ann);
      grant.thing.send(100);
      time.advance(DAY - 1);
      expect(reasonFor(ann)).toBe(DenyReason.QuotaExceeded);
      time.advance(1);
      expect(reasonFor(ann)).toBe('open');
      grant.thing.send(80);

      expect(grant.signals).toEqual([warning(100, DATA), warning(80, DATA)]);
    });

    it('keeps what was used by a connection that has ended', () => {
      const { begin, reasonFor } = signIns({ bytes: 100 });
      const grant = begin(ann);
      grant.thing.send(100);
      grant.end();

      expect(reasonFor(ann)).toBe(DenyReason.QuotaExceeded);
    });

    it('charges nothing any more once the connection has ended', () => {
      const { begin, reasonFor } = signIns({ bytes: 100 });
      const grant = begin(ann);
      grant.end();
      grant.thing.send(1000);

      expect(reasonFor(ann)).toBe('open');
    });

    it('tells a newcomer where the user stands', () => {
      const { begin } = signIns({ bytes: 100, warnAtPercent: 50 });
      begin(ann).thing.send(60);

      expect(begin(ann).signals).toEqual([warning(60, DATA)]);
    });

    it('revokes what was decided before all was used and begins after', () => {
      const { ask, begin, grant } = signIns({ bytes: 100 });
      const verdict = ask(ann);
      begin(ann).thing.send(100);

      expect(grant(verdict).signals).toEqual([revocation(DATA)]);
    });

    it('charges every byte once, whoever moves it', () => {
      const moves = fc.array(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 50 })), { maxLength: 30 });
      fc.assert(
        fc.property(moves, fc.integer({ min: 1, max: 500 }), (sequence, bytes) => {
          const { begin, reasonFor } = signIns({ bytes });
          const grants = [begin(ann), begin(ann), begin(ann)];
          let moved = 0;
          for (const [index, amount] of sequence) {
            if (moved <= bytes) moved += amount;
            grants[index]?.thing.send(amount);
          }

          expect(reasonFor(ann)).toBe(moved >= bytes ? DenyReason.QuotaExceeded : 'open');
          expect(grants.map(({ revoked }) => revoked)).toEqual(grants.map(() => moved > bytes));
        }),
      );
    });
  });

  describe('of time', () => {
    it('warns at 80 percent and ends at the last millisecond, not before', () => {
      const { time, begin, reasonFor } = signIns({ timeMs: 10 * HOUR });
      const grant = begin(ann);
      time.advance(8 * HOUR - 1);
      expect(grant.signals).toEqual([]);
      time.advance(1);
      expect(grant.signals).toEqual([warning(80, TIME)]);
      time.advance(2 * HOUR - 1);
      expect(grant.revoked).toBe(false);
      time.advance(1);

      expect(grant.signals).toEqual([warning(80, TIME), revocation(TIME)]);
      expect(reasonFor(ann)).toBe(DenyReason.QuotaExceeded);
      expect(time.timers).toBe(0);
    });

    it('counts connections that are there at once each for itself', () => {
      const { time, begin } = signIns({ timeMs: 10 * HOUR });
      const first = begin(ann);
      time.advance(4 * HOUR);
      const second = begin(ann);
      time.advance(3 * HOUR - 1);
      expect(first.revoked).toBe(false);
      time.advance(1);

      expect([first.revoked, second.revoked]).toEqual([true, true]);
    });

    it('stands still while nobody is connected', () => {
      const { time, begin } = signIns({ timeMs: 10 * HOUR });
      const first = begin(ann);
      time.advance(9 * HOUR);
      first.end();
      expect(time.timers).toBe(0);
      time.advance(9 * HOUR);
      const second = begin(ann);
      time.advance(HOUR - 1);
      expect(second.revoked).toBe(false);
      time.advance(1);

      expect(second.revoked).toBe(true);
    });

    it('begins anew with the window for a connection that goes on', () => {
      const { time, begin } = signIns({ timeMs: 16 * HOUR });
      begin(ann).end();
      time.advance(12 * HOUR);
      const grant = begin(ann);
      time.advance(12 * HOUR + 16 * HOUR - 1);
      expect(grant.revoked).toBe(false);
      time.advance(1);

      expect(grant.revoked).toBe(true);
    });

    it('copes with shares that are no whole milliseconds', () => {
      const { time, begin } = signIns({ timeMs: 10.1, warnAtPercent: 33.3 });
      const grants = [begin(ann), begin(ann), begin(ann)];
      time.advance(4);

      expect(grants.map(({ revoked }) => revoked)).toEqual([true, true, true]);
      expect(time.timers).toBe(0);
    });
  });

  describe('of commands', () => {
    const twoCommands = () => {
      const time = virtualTime();
      return { time, ...server(time, quota<SSHChannelRequest>({ commands: 2, windowMs: DAY })) };
    };
    const uptime = channelRequest.exec('uptime');

    it('denies the command beyond, and lets those go on that run', () => {
      const { begin, reasonFor } = twoCommands();
      const [first, second] = [begin(uptime), begin(uptime)];

      expect(reasonFor(uptime)).toBe(DenyReason.QuotaExceeded);
      expect(first.signals).toEqual([warning(100, COMMANDS)]);
      expect(second.signals).toEqual([warning(100, COMMANDS)]);
    });

    it('charges what was started, not what was asked for', () => {
      const { ask, begin, reasonFor } = twoCommands();
      for (let times = 0; times < 10; times += 1) ask(uptime);
      begin(uptime);

      expect(reasonFor(uptime)).toBe('open');
    });

    it('revokes the third of three that were decided at once', () => {
      const { ask, grant } = twoCommands();
      const grants = [ask(uptime), ask(uptime), ask(uptime)].map(grant);

      expect(grants.map(({ revoked }) => revoked)).toEqual([false, false, true]);
      expect(grants[2]?.signals).toEqual([revocation(COMMANDS)]);
    });

    it('does not charge a terminal or a variable', () => {
      const { ask, begin, reasonFor } = twoCommands();
      begin(channelRequest.shell());
      const pty = ask(channelRequest.pty());

      expect(pty).toMatchObject({ state: 'open', leases: [] });
      expect(reasonFor(uptime)).toBe('open');
    });

    it('charges nobody again, and denies nobody, when policies are replaced', () => {
      const { begin, beginAgain, reasonFor } = twoCommands();
      begin(uptime);
      const again = beginAgain(uptime);
      expect(reasonFor(uptime)).toBe('open');
      begin(uptime);
      expect(reasonFor(uptime)).toBe(DenyReason.QuotaExceeded);

      expect(beginAgain(uptime).revoked).toBe(false);
      expect(again.revoked).toBe(false);
    });
  });

  it('limits several things together, each by itself', () => {
    const { time, begin, reasonFor } = signIns({ bytes: 100, timeMs: HOUR });
    begin(ann).thing.send(100);
    const patient = begin(bob);
    time.advance(HOUR);

    expect([reasonFor(ann), reasonFor(bob)]).toEqual([DenyReason.QuotaExceeded, DenyReason.QuotaExceeded]);
    expect(patient.signals.at(-1)).toEqual(revocation(TIME));
  });

  it('charges the user of a channel, and the address of who has not said a name', () => {
    const time = virtualTime();
    const channels = server(time, quota<SSHChannelRequest>({ bytes: 1, windowMs: DAY }));
    channels.begin(channelRequest.shell({ user: 'ann' })).thing.send(1);
    const knocks = server(time, quota<ConnectionRequest>({ bytes: 1, windowMs: DAY }));
    knocks.begin(knock('192.0.2.1')).thing.send(1);

    expect(channels.reasonFor(channelRequest.shell({ user: 'ann' }))).toBe(DenyReason.QuotaExceeded);
    expect(channels.reasonFor(channelRequest.shell({ user: 'bob' }))).toBe('open');
    expect(knocks.reasonFor(knock('192.0.2.1'))).toBe(DenyReason.QuotaExceeded);
    expect(knocks.reasonFor(knock('192.0.2.2'))).toBe('open');
  });

  it('charges whom keyOf names, and denies what it throws on', () => {
    const { begin, reasonFor } = signIns({ bytes: 1, keyOf: () => 'everybody' });
    begin(ann).thing.send(1);
    expect(reasonFor(bob)).toBe(DenyReason.QuotaExceeded);

    const cause = new Error('no key');
    const broken = quota<SSHUserAuthRequest>({
      bytes: 1,
      windowMs: DAY,
      keyOf: () => {
        throw cause;
      },
    });
    expect(decisionOn(broken, ann)).toEqual(deniedBy('quota', ann, DenyReason.PolicyFailed, cause));
  });

  it('is bounded, forgets nobody who has use in the window, and refuses newcomers meanwhile', () => {
    const { time, ask, begin, grant, reasonFor } = signIns({ bytes: 100, maxKeys: 2 });
    const early = ask(password('secret', 'carl'));
    begin(ann).thing.send(100);
    begin(bob).end();

    expect(reasonFor(password('secret', 'carl'))).toBe(DenyReason.LimitReached);
    expect(grant(early).signals).toEqual([{ type: 'revoke', reason: 'too many users are signed in', by: 'quota' }]);
    expect(reasonFor(ann)).toBe(DenyReason.QuotaExceeded);
    expect(reasonFor(bob)).toBe('open');

    time.advance(DAY);
    expect(reasonFor(password('secret', 'carl'))).toBe('open');
  });

  it('remembers nobody who was only asked about', () => {
    const { ask, reasonFor } = signIns({ bytes: 100, maxKeys: 2 });
    for (let name = 0; name < 1000; name += 1) ask(password('guess', `user${String(name)}`));

    expect(reasonFor(ann)).toBe('open');
  });

  it.each([
    [{}, 'bytes, commands or timeMs must be given, got undefined'],
    [{ bytes: 0 }, 'bytes must be an integer of at least 1, got 0'],
    [{ commands: 1.5 }, 'commands must be an integer of at least 1, got 1.5'],
    [{ timeMs: 0 }, 'timeMs must be a finite number of milliseconds above 0, got 0'],
    [{ bytes: 1, windowMs: 0 }, 'windowMs must be a finite number of milliseconds above 0, got 0'],
    [{ bytes: 1, warnAtPercent: 0 }, 'warnAtPercent must be above 0 and at most 100, got 0'],
    [{ bytes: 1, warnAtPercent: 101 }, 'warnAtPercent must be above 0 and at most 100, got 101'],
    [{ bytes: 1, warnAtPercent: NaN }, 'warnAtPercent must be above 0 and at most 100, got NaN'],
    [{ bytes: 1, maxKeys: 0 }, 'maxKeys must be an integer of at least 1, got 0'],
  ])('refuses %o when it is made', (options, message) => {
    expect(() => signIns(options)).toThrow(optionError(`quota: ${message}`));
  });

  it('refuses, from JavaScript, a keyOf that is no function', () => {
    // @ts-expect-error keyOf is a function
    expect(() => signIns({ bytes: 1, keyOf: 'user' })).toThrow(
      optionError("quota: keyOf must be a function, got 'user'"),
    );
  });
});
