import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { maxConnections } from '../../../../src/handlers/policies/limits/max-connections.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import { consider } from '../../../../src/streams/verdict.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { marbles } from '../../../support/marbles.js';
import { beginGrant } from '../begin-grant.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { knock, password } from '../requests.js';
import { answersTo, decisionOn, deniedBy, granted, grantedBy } from '../verdicts.js';

const ann = knock('192.0.2.1');
const bob = knock('192.0.2.2');
const revocation = { type: 'revoke', reason: 'the server has too many connections', by: 'maxConnections' };

describe('maxConnections', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'maxConnections',
    make: (options) => maxConnections(2, options),
    decides: ann,
    leases: 1,
  });

  it(
    'denies the connection beyond the limit, granted or not, and grants nothing',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const policy = maxConnections<ConnectionRequest>(1);
      const live = beginGrant(decisionOn(policy, ann));
      const B = deniedBy<ConnectionRequest>('maxConnections', bob, DenyReason.LimitReached);
      const leases = [expect.anything()];
      const source = hot('  -b-g---b-|', { b: consider<ConnectionRequest>(bob), g: granted<ConnectionRequest>(bob) });
      const end = hot('     -----e----');
      const expected = '    -B-B---b-|';
      const subs = '        ^--------!';
      end.subscribe(() => {
        live.end();
      });

      expectObservable(source.pipe(policy)).toBe(expected, { B, b: { state: 'open', request: bob, leases } });
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('lets exactly as many be alive as it says', () => {
    const policy = maxConnections<ConnectionRequest>(2);
    const first = beginGrant(decisionOn(policy, knock('192.0.2.1')));
    beginGrant(decisionOn(policy, knock('192.0.2.1')));
    expect(decisionOn(policy, bob)).toEqual(deniedBy('maxConnections', bob, DenyReason.LimitReached));

    first.end();
    expect(decisionOn(policy, bob).state).toBe('open');
  });

  it('revokes the later one of two that were decided at once, with a reason', () => {
    const policy = maxConnections<ConnectionRequest>(1);
    const [earlier, later] = [decisionOn(policy, ann), decisionOn(policy, bob)];
    const [second, first] = [beginGrant(later), beginGrant(earlier)];

    expect(second.signals).toEqual([]);
    expect(first.signals).toEqual([revocation]);
    second.end();
    expect(decisionOn(policy, ann).state).toBe('open');
  });

  it('counts no connection whose grant never begins', () => {
    const policy = maxConnections<ConnectionRequest>(1);
    for (let count = 0; count < 10; count += 1) decisionOn(policy, knock('192.0.2.1'));

    expect(beginGrant(decisionOn(policy, bob)).revoked).toBe(false);
  });

  it('counts a connection once, though its verdict passes twice', () => {
    const policy = maxConnections<ConnectionRequest>(2);
    const [verdict = consider<ConnectionRequest>(ann)] = answersTo(
      (verdict$) => verdict$.pipe(policy, policy),
      consider(ann),
    );
    const first = beginGrant(verdict);
    const second = beginGrant(decisionOn(policy, bob));
    expect([first.revoked, second.revoked]).toEqual([false, false]);

    const eve = knock('192.0.2.3');
    expect(decisionOn(policy, eve).state).toBe('denied');
    first.end();
    expect(decisionOn(policy, eve).state).toBe('open');
  });

  it('counts a connection once, though several of its requests are decided', () => {
    const policy = maxConnections<SSHUserAuthRequest>(1);
    const first = password('a');
    beginGrant(decisionOn(policy, first));

    // The requests of requests.ts are of one connection.
    expect(decisionOn(policy, password('b')).state).toBe('open');
    const other = { ...first, connection: bob.connection };
    expect(decisionOn(policy, other).state).toBe('denied');
  });

  it('leaves a live connection that is asked again in its place, and narrows to a lower limit', () => {
    const again = policyContext({ reevaluation: true });
    const policy = maxConnections<ConnectionRequest>(1);
    const old = beginGrant(decisionOn(policy, ann));
    const [kept = consider(ann)] = answersTo(policy, { ...grantedBy('earlier', ann), context: again });
    const anew = beginGrant(kept);
    old.end();
    expect(anew.revoked).toBe(false);
    expect(decisionOn(policy, bob).state).toBe('denied');

    const lower = maxConnections<ConnectionRequest>(1);
    const asked = answersTo(
      lower,
      { ...grantedBy('earlier', ann), context: again },
      { ...grantedBy('earlier', bob), context: again },
    );
    expect(asked.map((verdict) => beginGrant(verdict).signals)).toEqual([[], [revocation]]);
  });

  it('never has more alive than the limit, in whatever order verdicts, beginnings and ends come', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.constantFrom('ask', 'begin', 'end'), { maxLength: 60 }),
        (limit, steps) => {
          const policy = maxConnections<ConnectionRequest>(limit);
          const decided: ReturnType<typeof decisionOn<ConnectionRequest>>[] = [];
          const alive: ReturnType<typeof beginGrant>[] = [];
          for (const step of steps) {
            if (step === 'ask') {
              const verdict = decisionOn(policy, knock('192.0.2.1'));
              expect(verdict.state).toBe(alive.length < limit ? 'open' : 'denied');
              if (verdict.state !== 'denied') decided.push(verdict);
            } else if (step === 'begin') {
              const verdict = decided.shift();
              if (verdict === undefined) continue;
              const grant = beginGrant(verdict);
              expect(grant.revoked).toBe(alive.length >= limit);
              if (!grant.revoked) alive.push(grant);
            } else alive.shift()?.end();
          }
        },
      ),
    );
  });

  it.each([0, -1, 1.5, NaN, Infinity])('refuses a limit of %d', (limit) => {
    expect(() => maxConnections(limit)).toThrow(
      optionError(`maxConnections: limit must be an integer of at least 1, got ${String(limit)}`),
    );
  });
});
