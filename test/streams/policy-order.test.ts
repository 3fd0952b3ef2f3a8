import fc from 'fast-check';
import { delay, map, mergeMap, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { allowUsers } from '../../src/handlers/policies/access/allow-users.js';
import { denyFrom } from '../../src/handlers/policies/access/deny-from.js';
import { denyWhen } from '../../src/handlers/policies/composition/deny-when.js';
import { grantPassword } from '../../src/handlers/policies/authentication/grant-password.js';
import { grantWhen } from '../../src/handlers/policies/composition/grant-when.js';
import { maxAuthAttempts } from '../../src/handlers/policies/limits/max-auth-attempts.js';
import { named } from '../../src/handlers/policies/composition/named.js';
import { sessionLimit } from '../../src/handlers/policies/lifetime/session-limit.js';
import { shadow } from '../../src/handlers/policies/composition/shadow.js';
import { uniformDelay } from '../../src/handlers/policies/abuse/uniform-delay.js';
import { clockOf } from '../../src/streams/clock.js';
import { Edge, type FinalVerdict } from '../../src/streams/edge.js';
import { EventHub } from '../../src/streams/event-hub.js';
import type { SSHUserAuthRequest } from '../../src/streams/events/ssh-user-auth-request.js';
import { PHASES, type Phase } from '../../src/streams/phase.js';
import { PolicyChains } from '../../src/streams/policy-chains.js';
import type { Policy } from '../../src/streams/policy.js';
import { authRequest } from '../../src/testing/auth-request.js';
import { ManualClock } from '../wire/manual-clock.js';

type Auth = SSHUserAuthRequest;

/** Policies of every kind; what each decides does not depend on the others. */
const MEMBERS: Readonly<Record<string, (clock: ManualClock) => Policy<Auth>>> = {
  'grants the password': () => grantPassword((_user, password) => password === 'secret'),
  'grants ann': () => grantWhen((request) => request.user === 'ann'),
  'grants later': () => grantWhen((request) => of(request.user === 'bob')),
  'denies root': () => denyWhen((request) => request.user === 'root'),
  'denies a network': () => denyFrom(['203.0.113.0/24']),
  'allows some users': () => allowUsers(['ann', 'bob', 'root']),
  'counts attempts': () => maxAuthAttempts(3),
  'attaches a lease': () => sessionLimit({ limitMs: 60_000 }),
  'fails for eve': () => (verdict$) =>
    verdict$.pipe(
      mergeMap((verdict) => (verdict.request.user === 'eve' ? throwError(() => new Error('eve')) : of(verdict))),
    ),
  'takes its time': (clock) => (verdict$) => verdict$.pipe(delay(20, clock.scheduler)),
  'only watches': () => shadow(denyWhen(() => true)),
  'goes by a name': () =>
    named(
      'somebody',
      denyWhen((request) => request.user === 'mallory'),
    ),
  'delays refusals': (clock) =>
    uniformDelay(
      denyWhen<Auth>((request) => request.user === 'root'),
      { floorMs: 50, clock: clockOf(clock.scheduler) },
    ),
  'does nothing': () => map((verdict) => verdict),
};
const NAMES = Object.keys(MEMBERS);

const requests = fc.record({
  user: fc.constantFrom('ann', 'bob', 'root', 'eve', 'mallory', 'zoe'),
  password: fc.constantFrom('secret', 'guess'),
  from: fc.constantFrom('203.0.113.7', '192.0.2.1'),
});
const placements = fc.uniqueArray(
  fc.record({ name: fc.constantFrom(...NAMES), phase: fc.constantFrom<Phase>(...PHASES), rank: fc.nat() }),
  { selector: ({ name }) => name, maxLength: NAMES.length },
);

/** Decides `request` by fresh policies, each a stage of its own. */
function outcomeOf(
  placement: readonly { readonly name: string; readonly phase: Phase }[],
  request: Auth,
): readonly FinalVerdict<Auth>[] {
  const clock = new ManualClock();
  const hub = new EventHub();
  const policies = placement.flatMap(({ name, phase }) => {
    const make = MEMBERS[name];
    return make === undefined ? [] : [{ source: name, phase, policy: make(clock) }];
  });
  const chains = new PolicyChains({ SSHUserAuthRequest: policies }, () => undefined);
  const edge = new Edge(chains, hub, clock, 1000);
  const settled: FinalVerdict<Auth>[] = [];
  edge.decide<'SSHUserAuthRequest'>(request, (verdict) => settled.push(verdict));
  clock.advance(2000);
  return settled;
}

describe('the order of policies', () => {
  it('changes who denies and what it costs, never the outcome; and every request is settled exactly once', () => {
    fc.assert(
      fc.property(placements, requests, fc.infiniteStream(fc.nat()), (placement, { user, password, from }, random) => {
        const request = authRequest.password(user, password, { from });
        const shuffled = placement
          .map(({ name }, index) => ({
            name,
            phase: PHASES[(random.next().value ?? 0) % PHASES.length] ?? 'route',
            key: random.next().value ?? index,
          }))
          .sort((a, b) => a.key - b.key);
        const one = outcomeOf(placement, request);
        const other = outcomeOf(shuffled, request);

        expect(one).toHaveLength(1);
        expect(other).toHaveLength(1);
        expect(other[0]?.state).toBe(one[0]?.state);
      }),
      { numRuns: 500 },
    );
  });

  it('lets nobody in whom a policy denies, wherever that policy stands', () => {
    fc.assert(
      fc.property(placements, requests, (placement, { password, from }) => {
        fc.pre(placement.some(({ name }) => name === 'denies root'));
        const [verdict] = outcomeOf(placement, authRequest.password('root', password, { from }));

        expect(verdict?.state).toBe('denied');
      }),
      { numRuns: 200 },
    );
  });

  it('keeps every lease that was attached before and after the grant', () => {
    const request = authRequest.password('ann', 'secret', { from: '192.0.2.1' });
    fc.assert(
      fc.property(
        fc.shuffledSubarray(['attaches a lease', 'grants ann', 'does nothing'], { minLength: 3 }),
        (names) => {
          const [verdict] = outcomeOf(
            names.map((name) => ({ name, phase: 'authorize' })),
            request,
          );

          expect(verdict).toMatchObject({ state: 'granted', leases: [expect.anything()] });
        },
      ),
    );
  });
});
