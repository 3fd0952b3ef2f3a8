import { BehaviorSubject, EMPTY, NEVER, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';

import type { Answer } from '../../../../src/handlers/policies/answer.js';
import { bandwidth, type BandwidthRates } from '../../../../src/handlers/policies/limits/bandwidth.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHChannelRequest } from '../../../../src/streams/events/ssh-channel-request.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { SshRequest } from '../../../../src/streams/events/ssh-request.js';
import type { Lease, LeaseSignal } from '../../../../src/streams/lease.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { channelOpen } from '../../../../src/testing/channel-open.js';
import { channelRequest } from '../../../../src/testing/channel-request.js';
import { connectionRequest } from '../../../../src/testing/connection-request.js';
import { globalRequest } from '../../../../src/testing/global-request.js';
import { held } from '../../../../src/testing/held.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { serviceRequest } from '../../../../src/testing/service-request.js';
import { marbles } from '../../../support/marbles.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { password } from '../requests.js';
import { answersTo, decisionOn, denied, granted } from '../verdicts.js';

const ann = password('secret');
const RATES: BandwidthRates = { receiveBytesPerSecond: 1000, sendBytesPerSecond: 200 };
const NARROW = { type: 'narrow', ...RATES } as const;

/** The leases that a verdict has, less those of earlier policies. */
const leasesOf = (verdict: Verdict<unknown> | undefined): readonly Lease[] =>
  verdict === undefined || verdict.state === 'denied' ? [] : verdict.leases;

/** What the last lease of a verdict says. */
function signals(verdict: Verdict<unknown>) {
  const lease = leasesOf(verdict).at(-1);
  if (lease === undefined) throw new Error('there is no lease');
  return typeof lease === 'function' ? lease(held()) : lease;
}

function allSignals(verdict: Verdict<unknown>): readonly LeaseSignal[] {
  const seen: LeaseSignal[] = [];
  signals(verdict).subscribe((signal) => seen.push(signal));
  return seen;
}

const tryRates = (rates: unknown): unknown =>
  // JavaScript may hand over anything.
  bandwidth(rates as BandwidthRates);

describe('bandwidth', () => {
  obeysTheLawsOfPolicies<SSHUserAuthRequest>({
    name: 'bandwidth',
    make: (options) => bandwidth(RATES, options),
    decides: ann,
    leases: 1,
  });

  it.each([RATES, { receiveBytesPerSecond: 5 }, { sendBytesPerSecond: 1 }])(
    'narrows what is granted to %o, and no direction that it does not name',
    (rates) => {
      const verdict = decisionOn(bandwidth<SSHUserAuthRequest>(rates), ann);

      expect(verdict.state).toBe('open');
      expect(allSignals(verdict)).toEqual([{ type: 'narrow', ...rates }]);
    },
  );

  it('gives each grant a lease of its own', () => {
    const policy = bandwidth<SSHUserAuthRequest>(RATES);
    const [first, second] = answersTo(policy, consider<SSHUserAuthRequest>(ann), granted<SSHUserAuthRequest>(ann));

    expect(leasesOf(first).at(-1)).not.toBe(leasesOf(second).at(-1));
  });

  const limited: readonly SshRequest[] = [
    connectionRequest(),
    ann,
    channelOpen.session(),
    channelRequest.exec('true'),
    channelRequest.shell(),
    channelRequest.subsystem('sftp'),
  ];
  const unlimited: readonly SshRequest[] = [
    channelRequest.windowChange({ columns: 100 }),
    channelRequest.env('LANG', 'C'),
    serviceRequest(),
    globalRequest.tcpipForward('localhost', 80),
  ];

  it.each(limited.map((request) => [request.type, request] as const))('limits %s', (_type, request) => {
    expect(leasesOf(decisionOn(bandwidth(RATES), request))).toHaveLength(1);
    expect(leasesOf(decisionOn(bandwidth(NEVER), request))).toHaveLength(1);
    expect(
      leasesOf(
        decisionOn(
          bandwidth(() => RATES),
          request,
        ),
      ),
    ).toHaveLength(1);
  });

  it.each(unlimited.map((request) => [request.type, request] as const))(
    'leaves %s alone, which a client may repeat at will',
    (_type, request) => {
      const verdict = consider(request);
      const fail = (): never => {
        throw new Error('nobody should ask');
      };

      expect(answersTo(bandwidth(RATES), verdict)).toEqual([verdict]);
      expect(answersTo(bandwidth(NEVER), verdict)).toEqual([verdict]);
      expect(answersTo(bandwidth(fail), verdict)).toEqual([verdict]);
    },
  );

  describe('with a function of the request', () => {
    it('narrows each request by the rates that it gets, or not at all', () => {
      const policy = bandwidth<SSHChannelRequest>(({ identity }) => (identity.user === 'backup' ? undefined : RATES));
      const free = consider(channelRequest.exec('true', { user: 'backup' }));

      expect(allSignals(decisionOn(policy, channelRequest.exec('true')))).toEqual([NARROW]);
      expect(answersTo(policy, free)).toEqual([free]);
    });

    it(
      'waits for rates that come later, takes the first ones, and lets others pass meanwhile',
      marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
        const slow = cold('  --r-r|', { r: RATES });
        const subs = '       ^-!';
        const bob = password('secret', 'bob');
        const source = hot('ab---|', { a: consider<SSHUserAuthRequest>(ann), b: consider<SSHUserAuthRequest>(bob) });
        const policy = bandwidth<SSHUserAuthRequest>(({ user }) => (user === 'ann' ? slow : undefined));
        const expected = '  -ba--|';

        expectObservable(source.pipe(policy)).toBe(expected, {
          a: { ...consider(ann), leases: [expect.anything()] },
          b: consider(bob),
        });
        expectSubscriptions(slow.subscriptions).toBe(subs);
      }),
    );

    it('takes the rates of a promise', async () => {
      const policy = bandwidth<SSHUserAuthRequest>(() => Promise.resolve(RATES));
      const verdict = await new Promise<Verdict<SSHUserAuthRequest>>((resolve) => {
        policy(of(consider<SSHUserAuthRequest>(ann))).subscribe(resolve);
      });

      expect(allSignals(verdict)).toEqual([NARROW]);
    });

    const broken: readonly (readonly [string, () => Answer<BandwidthRates | undefined>])[] = [
      [
        'throws',
        () => {
          throw new Error('broken');
        },
      ],
      ['errors', () => throwError(() => new Error('broken'))],
      ['completes without an answer', () => EMPTY],
      ['answers with no rate', () => ({})],
      ['answers with a rate of 0', () => ({ sendBytesPerSecond: 0 })],
      ['answers later with a rate of 0', () => of({ sendBytesPerSecond: 0 })],
      // JavaScript may answer with anything.
      ['answers with nonsense', () => 'fast' as unknown as BandwidthRates],
      ['answers with null', () => null as unknown as BandwidthRates],
    ];

    it.each(broken)('denies with the failure if it %s', (_what, rates) => {
      const verdict = decisionOn(bandwidth<SSHUserAuthRequest>(rates), ann);

      expect(verdict).toMatchObject({ state: 'denied', by: 'bandwidth', reason: DenyReason.PolicyFailed });
      expect(verdict).toHaveProperty('cause', expect.any(Error));
    });

    it('denies with the failure if it rejects', async () => {
      const policy = bandwidth<SSHUserAuthRequest>(() => Promise.reject(new Error('broken')));
      const verdict = await new Promise((resolve) => {
        policy(of(consider<SSHUserAuthRequest>(ann))).subscribe(resolve);
      });

      expect(verdict).toMatchObject({ reason: DenyReason.PolicyFailed, cause: new Error('broken') });
    });

    it('is not asked about what was denied', () => {
      let asked = 0;
      const policy = bandwidth<SSHUserAuthRequest>(() => {
        asked += 1;
        return undefined;
      });
      answersTo(policy, denied<SSHUserAuthRequest>(ann));

      expect(asked).toBe(0);
    });
  });

  describe('with a stream of rates', () => {
    it(
      'follows the newest rates while the grant lives, and keeps the last ones when the stream completes',
      marbles(({ hot, expectObservable, expectSubscriptions }) => {
        const rates = hot('   -a-b-u-|', {
          a: RATES,
          b: { sendBytesPerSecond: 7 },
          u: undefined,
        });
        const expected = '    -a-b-u-|';
        const subs = '        ^------!';

        const policy = bandwidth<SSHUserAuthRequest>(rates);
        expectObservable(signals(decisionOn(policy, ann))).toBe(expected, {
          a: NARROW,
          b: { type: 'narrow', sendBytesPerSecond: 7 },
          u: { type: 'narrow' },
        });
        expectSubscriptions(rates.subscriptions).toBe(subs);
      }),
    );

    it(
      'lets go of the stream when the grant ends',
      marbles(({ hot, expectObservable, expectSubscriptions }) => {
        const rates = hot('   -a-a-a', { a: RATES });
        const unsub = '       ----!';
        const expected = '    -a-a--';
        const subs = '        ^---!';

        const verdict = decisionOn(bandwidth<SSHUserAuthRequest>(rates), ann);
        expectObservable(signals(verdict), unsub).toBe(expected, { a: NARROW });
        expectSubscriptions(rates.subscriptions).toBe(subs);
      }),
    );

    it('subscribes once for each grant and not before it begins', () => {
      const rates = new BehaviorSubject<BandwidthRates>(RATES);
      const policy = bandwidth<SSHUserAuthRequest>(rates);
      const verdicts = [decisionOn(policy, ann), decisionOn(policy, ann)];
      expect(rates.observed).toBe(false);
      const seen = verdicts.map((verdict) => {
        const all: LeaseSignal[] = [];
        return { all, subscription: signals(verdict).subscribe((signal) => all.push(signal)) };
      });
      rates.next({ sendBytesPerSecond: 7 });

      for (const { all, subscription } of seen) {
        expect(all).toEqual([NARROW, { type: 'narrow', sendBytesPerSecond: 7 }]);
        subscription.unsubscribe();
      }
      expect(rates.observed).toBe(false);
    });

    it(
      'revokes in its own name when the stream errors',
      marbles(({ hot, expectObservable }) => {
        const rates = hot('   -a-#', { a: RATES }, new Error('broken'));
        const expected = '    -a-(r|)';

        const verdict = decisionOn(bandwidth<SSHUserAuthRequest>(rates, { name: 'operator' }), ann);
        expectObservable(signals(verdict)).toBe(expected, {
          a: NARROW,
          r: { type: 'revoke', reason: 'the bandwidth can no longer be told', by: 'operator' },
        });
      }),
    );

    it.each([{}, { sendBytesPerSecond: 0 }, null])('revokes when the stream emits %o, and reports why', (rates) => {
      const context = policyContext();
      const rates$ = new Subject<BandwidthRates>();
      const [verdict] = answersTo(bandwidth<SSHUserAuthRequest>(rates$), consider<SSHUserAuthRequest>(ann, context));
      const seen: LeaseSignal[] = [];
      if (verdict !== undefined) signals(verdict).subscribe((signal) => seen.push(signal));
      // JavaScript may emit anything.
      rates$.next(rates as BandwidthRates);

      expect(seen).toMatchObject([{ type: 'revoke', by: 'bandwidth' }]);
      expect(context.reports).toMatchObject([
        { type: 'failure', request: ann, by: 'bandwidth', cause: { code: 'ERR_SSH_POLICY_OPTION' } },
      ]);
    });
  });

  it.each([
    [{}, 'rates must have a rate, receiveBytesPerSecond or sendBytesPerSecond, got {}'],
    [{ sendBytesPerSecond: 0 }, 'sendBytesPerSecond must be an integer of at least 1, got 0'],
    [{ sendBytesPerSecond: 1.5 }, 'sendBytesPerSecond must be an integer of at least 1, got 1.5'],
    [{ receiveBytesPerSecond: -1 }, 'receiveBytesPerSecond must be an integer of at least 1, got -1'],
    [{ receiveBytesPerSecond: NaN }, 'receiveBytesPerSecond must be an integer of at least 1, got NaN'],
    [
      { receiveBytesPerSecond: Infinity, sendBytesPerSecond: 1 },
      'receiveBytesPerSecond must be an integer of at least 1, got Infinity',
    ],
    [{ sendBytesPerSecond: '5' }, "sendBytesPerSecond must be an integer of at least 1, got '5'"],
    [1000, 'rates must be rates, a function or an Observable, got 1000'],
    [null, 'rates must be rates, a function or an Observable, got null'],
    [undefined, 'rates must be rates, a function or an Observable, got undefined'],
  ])('refuses %o when it is made', (rates, message) => {
    expect(() => tryRates(rates)).toThrow(optionError(`bandwidth: ${message}`));
  });
});
