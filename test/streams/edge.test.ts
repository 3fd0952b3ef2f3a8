import fc from 'fast-check';
import { map, mergeMap, NEVER, Observable, of } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { DenyReason } from '../../src/streams/deny-reason.js';
import type { FinalVerdict } from '../../src/streams/decision.js';
import { Edge } from '../../src/streams/edge.js';
import { EventHub } from '../../src/streams/event-hub.js';
import type { ConnectionRequest } from '../../src/streams/events/connection-request.js';
import type { SshEvent } from '../../src/streams/events/ssh-event.js';
import type { Lease } from '../../src/streams/lease.js';
import { PHASES, type Phase } from '../../src/streams/phase.js';
import { PolicyChains } from '../../src/streams/policy-chains.js';
import type { PlacedPolicy } from '../../src/streams/policy-stage.js';
import type { Policy } from '../../src/streams/policy.js';
import { deny, grant, type Verdict, withLease } from '../../src/streams/verdict.js';
import { later } from '../support/later.js';
import { fakeClock } from '../../src/testing/fakes/fake-clock.js';
import { connectionRequest } from './request-fixtures.js';

type Asked = Verdict<ConnectionRequest>;
type Settled = FinalVerdict<ConnectionRequest>;

const DEADLINE_MS = 1000;

function edgeOf(...policies: readonly PlacedPolicy<ConnectionRequest>[]) {
  const clock = fakeClock();
  const hub = new EventHub();
  const events: SshEvent[] = [];
  hub.streams.all.subscribe((event) => events.push(event));
  const chains = new PolicyChains({ ConnectionRequest: policies }, (error, source, request) => {
    hub.emit({ type: 'Error', ...(request === undefined ? {} : { connection: request.connection }), error, source });
  });
  const edge = new Edge(chains, hub, clock, DEADLINE_MS);
  const settled: Settled[] = [];
  const decide = (request = connectionRequest()) =>
    edge.decide<'ConnectionRequest'>(request, (verdict) => {
      settled.push(verdict);
    });
  return { clock, hub, events, edge, settled, decide, chains };
}

const placed = (
  source: string,
  policy: Policy<ConnectionRequest>,
  phase: Phase = 'authorize',
): PlacedPolicy<ConnectionRequest> => ({ source, phase, policy });

const granting = (by: string): Policy<ConnectionRequest> =>
  map((verdict) => grant<ConnectionRequest>(verdict, verdict.request, by));
const denying = (by: string): Policy<ConnectionRequest> => map((verdict) => deny(verdict, by, DenyReason.NotPermitted));
const silent: Policy<ConnectionRequest> = () => NEVER;

describe('a decision', () => {
  it('without a policy is a denial', () => {
    const { decide, settled, events } = edgeOf();
    decide();

    expect(settled).toMatchObject([{ state: 'denied', reason: 'no-grant', by: 'rxsshd' }]);
    expect(events.map(({ type }) => type)).toEqual(['ConnectionRequest', 'Decided']);
  });

  it('that nobody has a word on is a denial', () => {
    const { decide, settled } = edgeOf(
      placed(
        'a',
        map((verdict) => verdict),
      ),
    );
    decide();

    expect(settled).toMatchObject([{ state: 'denied', reason: 'no-grant' }]);
  });

  it('names the policy that granted, even if others came after it', () => {
    const { decide, events, clock } = edgeOf(
      placed('Desk.first', granting('one')),
      placed('Desk.second', granting('two')),
      placed(
        'Desk.third',
        map((verdict) => withLease(verdict, NEVER)),
        'route',
      ),
    );
    decide();

    expect(events.at(-1)).toMatchObject({
      type: 'Decided',
      outcome: 'granted',
      by: 'one',
      source: 'Desk.first',
      phase: 'authorize',
      elapsedMs: 0,
    });
    expect(clock.pending).toBe(0);
  });

  it('ends with the first denial: later policies are not asked', () => {
    let asked = 0;
    const { decide, settled } = edgeOf(
      placed('a', granting('a')),
      placed('b', denying('b')),
      placed(
        'c',
        map((verdict) => ((asked += 1), verdict)),
      ),
    );
    decide();

    expect(settled).toMatchObject([{ state: 'denied', by: 'b' }]);
    expect(asked).toBe(0);
  });

  it('asks by phase, and in reading order within one', () => {
    const order: string[] = [];
    const noting = (name: string): Policy<ConnectionRequest> => map((verdict) => (order.push(name), verdict));
    const { decide, chains } = edgeOf(
      placed('route', noting('route'), 'route'),
      placed('authorize 1', noting('authorize 1'), 'authorize'),
      placed('limit', noting('limit'), 'limit'),
      placed('authorize 2', noting('authorize 2'), 'authorize'),
      placed('authenticate', noting('authenticate'), 'authenticate'),
    );
    decide();

    expect(order).toEqual(['limit', 'authenticate', 'authorize 1', 'authorize 2', 'route']);
    expect(chains.describe().map(({ source }) => source)).toEqual(order);
  });

  it('may take its time, and tells how long it took', () => {
    const { answers, policy } = later<ConnectionRequest>();
    const { decide, settled, events, clock } = edgeOf(placed('slow', policy), placed('yes', granting('yes')));
    decide();
    expect(settled).toEqual([]);
    expect(clock.pending).toBe(1);

    clock.advance(250);
    answers[0]?.();

    expect(settled).toMatchObject([{ state: 'granted' }]);
    expect(events.at(-1)).toMatchObject({ elapsedMs: 250 });
    expect(clock.pending).toBe(0);
  });

  it('past the deadline is a denial that names the silent policy, and an error', () => {
    const { decide, settled, events, clock } = edgeOf(placed('yes', granting('yes')), placed('Desk.sleepy', silent));
    decide();
    clock.advance(DEADLINE_MS - 1);
    expect(settled).toEqual([]);
    clock.advance(1);

    expect(settled).toMatchObject([{ state: 'denied', by: 'Desk.sleepy', reason: 'policy-silent' }]);
    expect(events.map(({ type }) => type)).toEqual(['ConnectionRequest', 'Error', 'Decided']);
    expect(events[1]).toMatchObject({ source: 'Desk.sleepy', error: { code: 'ERR_SSH_POLICY_FAILED' } });
    expect(clock.pending).toBe(0);
  });

  it('has one deadline, however many policies take their time', () => {
    const [first, second] = [later<ConnectionRequest>(), later<ConnectionRequest>()];
    const { decide, settled, clock } = edgeOf(placed('first', first.policy), placed('second', second.policy));
    decide();
    clock.advance(600);
    first.answers[0]?.();
    clock.advance(399);
    expect(settled).toEqual([]);
    clock.advance(1);

    expect(settled).toMatchObject([{ reason: 'policy-silent', by: 'second' }]);
    second.answers[0]?.();
    expect(settled).toHaveLength(1);
  });

  it('that was called off settles no more, and waits for nothing', () => {
    const { answers, policy } = later<ConnectionRequest>();
    const { decide, settled, clock, chains, events } = edgeOf(placed('slow', policy));
    const decision = decide();
    decision?.cancel();
    decision?.cancel();
    answers[0]?.();
    clock.advance(10 * DEADLINE_MS);

    expect(settled).toEqual([]);
    expect(clock.pending).toBe(0);
    expect(chains.stagesOf('ConnectionRequest')[0]?.pending).toBe(0);
    expect(events.map(({ type }) => type)).toEqual(['ConnectionRequest']);
  });

  it('keeps apart what is decided at the same time', () => {
    const { answers, policy } = later<ConnectionRequest>();
    const { decide, settled } = edgeOf(
      placed('slow', policy),
      placed(
        'address',
        map((verdict) =>
          verdict.request.connection.remoteAddress === '192.0.2.9'
            ? deny(verdict, 'address', DenyReason.AddressNotAllowed)
            : grant<ConnectionRequest>(verdict, verdict.request, 'address'),
        ),
      ),
    );
    decide(connectionRequest('192.0.2.1'));
    decide(connectionRequest('192.0.2.9'));
    answers[1]?.();
    answers[0]?.();

    expect(settled.map(({ state, request }) => [request.connection.remoteAddress, state])).toEqual([
      ['192.0.2.9', 'denied'],
      ['192.0.2.1', 'granted'],
    ]);
  });

  it('with a cause is an error event as well', () => {
    const cause = new Error('no disk');
    const { decide, events } = edgeOf(
      placed(
        'Desk.door',
        map((verdict) => deny(verdict, 'door', DenyReason.PolicyFailed, cause)),
      ),
    );
    decide();

    expect(events).toMatchObject([
      { type: 'ConnectionRequest' },
      {
        type: 'Error',
        source: 'Desk.door',
        error: { message: 'Desk.door (door) failed: no disk; the request was denied', cause },
      },
      { type: 'Decided', outcome: 'denied' },
    ]);
  });

  it('says which grant it has overruled, and nothing of the sort without one', () => {
    const { decide, events } = edgeOf(
      placed(
        'Desk.signIn',
        map((verdict) => (verdict.state === 'open' ? grant(verdict, verdict.request, 'everybody') : verdict)),
      ),
      placed(
        'Desk.door',
        map((verdict) =>
          verdict.request.connection.remoteAddress === '192.0.2.1'
            ? deny(verdict, 'door', DenyReason.AddressNotAllowed)
            : verdict,
        ),
      ),
    );
    decide(connectionRequest('192.0.2.1'));
    decide(connectionRequest('192.0.2.2'));

    const decided = events.filter(({ type }) => type === 'Decided');
    expect(decided).toMatchObject([
      { outcome: 'denied', by: 'door', overruled: { by: 'everybody', source: 'Desk.signIn' } },
      { outcome: 'granted', by: 'everybody' },
    ]);
    expect(decided[1]).not.toHaveProperty('overruled');
  });

  it('that is ruled out is put to no policy, and published like any other', () => {
    let asked = 0;
    const { edge, events } = edgeOf(
      placed(
        'yes',
        map((verdict) => ((asked += 1), verdict)),
      ),
    );
    const settled: Settled[] = [];
    edge.decide<'ConnectionRequest'>(connectionRequest(), (verdict) => settled.push(verdict), {
      isGone: () => false,
      refusal: () => ({ by: 'shutdown', reason: DenyReason.ShuttingDown }),
    });

    expect(events).toMatchObject([
      { type: 'ConnectionRequest' },
      { type: 'Decided', outcome: 'denied', by: 'shutdown', reason: 'shutting-down', source: 'rxsshd' },
    ]);
    expect(settled).toMatchObject([{ state: 'denied', by: 'shutdown' }]);
    expect(asked).toBe(0);
  });

  it('that was ruled out meanwhile is no grant, and a denial stays what it is', () => {
    const { answers, policy } = later<ConnectionRequest>();
    const { edge, events } = edgeOf(
      placed('slow', policy),
      placed(
        'choose',
        map((verdict) =>
          verdict.request.connection.remoteAddress === '192.0.2.9'
            ? deny(verdict, 'address', DenyReason.AddressNotAllowed)
            : grant<ConnectionRequest>(verdict, verdict.request, 'address'),
        ),
      ),
    );
    let refused = false;
    const settled: Settled[] = [];
    for (const from of ['192.0.2.1', '192.0.2.9']) {
      edge.decide<'ConnectionRequest'>(connectionRequest(from), (verdict) => settled.push(verdict), {
        isGone: () => false,
        refusal: () => (refused ? { by: 'shutdown', reason: DenyReason.ShuttingDown } : undefined),
      });
    }
    refused = true;
    answers[0]?.();
    answers[1]?.();

    expect(settled).toMatchObject([
      { state: 'denied', by: 'shutdown' },
      { state: 'denied', by: 'address' },
    ]);
    expect(events.filter(({ type }) => type === 'Decided')).toMatchObject([
      { outcome: 'denied', by: 'shutdown', source: 'rxsshd' },
      { outcome: 'denied', by: 'address', source: 'choose' },
    ]);
  });

  it('may be given more time by its policies, more than a timer can wait for, but no more than was asked', () => {
    const { edge, clock, settled, decide } = edgeOf(placed('slow', silent));
    const delays: number[] = [];
    const schedule = clock.scheduler.schedule.bind(clock.scheduler);
    clock.scheduler.schedule = ((work: () => void, delay = 0) => {
      delays.push(delay);
      return schedule(work, delay);
    }) as typeof schedule;
    const request = connectionRequest();
    const month = 30 * 24 * 3_600_000;
    edge.extendDeadline(request, month);
    edge.extendDeadline(request, Number.NaN);
    edge.extendDeadline(request, -5);
    decide(request);
    clock.advance(month - 1);
    expect(settled).toEqual([]);
    clock.advance(1);

    expect(settled).toMatchObject([{ state: 'denied', reason: 'policy-silent' }]);
    expect(Math.max(...delays)).toBeLessThan(2 ** 31);
    expect(delays).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });
});

describe('the order of policies', () => {
  const leases: readonly Lease[] = Array.from({ length: 3 }, () => new Observable());

  const simple = fc.constantFrom<readonly [string, Policy<ConnectionRequest>]>(
    ['pass', map((verdict) => verdict)],
    ['grant', granting('grant')],
    ['deny', denying('deny')],
    ['lease', map((verdict) => withLease(verdict, leases[0] ?? NEVER))],
    [
      'throw',
      map((): never => {
        throw new Error('boom');
      }),
    ],
    [
      'pass later',
      mergeMap(
        (verdict) =>
          new Observable<Asked>((it) => {
            queueMicrotask(() => {
              it.next(verdict);
            });
          }),
      ),
    ],
    [
      'grant later',
      mergeMap(
        (verdict) =>
          new Observable<Asked>((it) => {
            queueMicrotask(() => {
              it.next(grant<ConnectionRequest>(verdict, verdict.request, 'later'));
            });
          }),
      ),
    ],
    ['twice', mergeMap((verdict) => of(verdict, deny(verdict, 'too late', DenyReason.NoGrant)))],
    ['silent', silent],
  );

  it('can change cost, never the outcome, and every request settles exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(simple, { maxLength: 7 }).chain((chosen) =>
          fc.record({
            chosen: fc.constant(chosen),
            shuffled: fc.shuffledSubarray(chosen, { minLength: chosen.length }),
            phases: fc.array(fc.constantFrom(...PHASES), { minLength: chosen.length, maxLength: chosen.length }),
          }),
        ),
        async ({ chosen, shuffled, phases }) => {
          const outcomes: string[] = [];
          for (const order of [chosen, shuffled]) {
            const { decide, settled, clock } = edgeOf(
              ...order.map(([name, policy], index) => placed(name, policy, phases[index] ?? 'route')),
            );
            const requests = [connectionRequest('192.0.2.1'), connectionRequest('192.0.2.2')];
            for (const request of requests) decide(request);
            // Later policies answer one microtask each.
            for (let count = 0; count < 20; count += 1) await Promise.resolve();
            clock.advance(DEADLINE_MS);

            expect(new Set(settled.map(({ request }) => request))).toEqual(new Set(requests));
            expect(settled).toHaveLength(2);
            expect(clock.pending).toBe(0);
            expect(settled[0]?.state).toBe(settled[1]?.state);
            outcomes.push(settled[0]?.state ?? '');
          }

          const names = chosen.map(([name]) => name);
          const refused = ['deny', 'throw', 'silent'].some((name) => names.includes(name));
          const granted = names.some((name) => name.startsWith('grant'));
          expect(outcomes).toEqual(Array.from({ length: 2 }, () => (granted && !refused ? 'granted' : 'denied')));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('keeps every lease', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), (order) => {
        const { decide, settled } = edgeOf(
          ...order.map((index) =>
            placed(
              `lease ${String(index)}`,
              map((verdict) => withLease(verdict, leases[index] ?? NEVER)),
            ),
          ),
          placed('yes', granting('yes')),
        );
        decide();

        const [verdict] = settled;
        expect(verdict?.state === 'granted' ? new Set(verdict.leases) : undefined).toEqual(new Set(leases));
      }),
    );
  });
});

describe('nobody listening', () => {
  it('costs no event', () => {
    const clock = fakeClock();
    const hub = new EventHub();
    let emitted = 0;
    hub.emit = () => {
      emitted += 1;
    };
    const chains = new PolicyChains({ ConnectionRequest: [placed('yes', granting('yes'))] }, () => undefined);
    const settled: Settled[] = [];
    new Edge(chains, hub, clock, DEADLINE_MS).decide<'ConnectionRequest'>(connectionRequest(), (verdict) =>
      settled.push(verdict),
    );

    expect(settled).toHaveLength(1);
    expect(emitted).toBe(0);
  });
});
