import { defer, EMPTY, map, merge, mergeMap, NEVER, Observable, of, Subject, type Subscriber } from 'rxjs';
import { describe, expect, it } from 'vitest';

import type { SshServerError } from '../../src/errors.js';
import { DenyReason } from '../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../src/streams/events/connection-request.js';
import type { Lease } from '../../src/streams/lease.js';
import { type MakeContext, PolicyStage } from '../../src/streams/policy-stage.js';
import type { Policy } from '../../src/streams/policy.js';
import { consider, deny, grant, type Verdict, withLease } from '../../src/streams/verdict.js';
import { policyContext } from '../../src/testing/policy-context.js';
import { connectionRequest } from './request-fixtures.js';

type Asked = Verdict<ConnectionRequest>;

interface Fault {
  readonly error: SshServerError;
  readonly source: string;
  readonly request: unknown;
}

function stageOf(policy: Policy<ConnectionRequest>, makeContext?: MakeContext) {
  const faults: Fault[] = [];
  const stage = new PolicyStage<ConnectionRequest>(
    { source: 'Desk.door', phase: 'limit', policy },
    (error, source, request) => {
      faults.push({ error, source, request });
    },
    makeContext,
  );
  const answers: Asked[] = [];
  const ask = (verdict: Asked = consider(connectionRequest())): Asked => {
    stage.ask(verdict, (answer) => answers.push(answer));
    return verdict;
  };
  return { stage, faults, answers, ask };
}

const granting: Policy<ConnectionRequest> = map((verdict) => grant<ConnectionRequest>(verdict, verdict.request, 'yes'));

/** Answers when the test says so, in whatever order. */
function slow() {
  const asked: { readonly verdict: Asked; readonly answer: (verdict: Asked) => void }[] = [];
  const policy: Policy<ConnectionRequest> = mergeMap(
    (verdict) =>
      new Observable<Asked>((subscriber) => {
        asked.push({
          verdict,
          answer: (it) => {
            subscriber.next(it);
            subscriber.complete();
          },
        });
      }),
  );
  return { asked, policy };
}

describe('a policy stage', () => {
  it('asks its policy and settles with the answer', () => {
    const { answers, ask, stage } = stageOf(granting);
    const verdict = ask();

    expect(answers).toEqual([{ state: 'granted', request: verdict.request, leases: [], by: 'yes' }]);
    expect(stage.pending).toBe(0);
  });

  it('subscribes its policy once, with the first question', () => {
    let subscribed = 0;
    const { ask } = stageOf(
      (verdict$) =>
        new Observable((subscriber) => {
          subscribed += 1;
          return verdict$.subscribe(subscriber);
        }),
    );
    expect(subscribed).toBe(0);
    ask();
    ask();

    expect(subscribed).toBe(1);
  });

  it('takes answers in any order, each for its own request', () => {
    const { asked, policy } = slow();
    const { answers, ask, stage } = stageOf(policy);
    const first = ask();
    const second = ask();
    expect(stage.pending).toBe(2);

    asked[1]?.answer(deny(second, 'no', DenyReason.NotPermitted));
    asked[0]?.answer(first);

    expect(answers).toEqual([deny(second, 'no', DenyReason.NotPermitted), first]);
    expect(stage.pending).toBe(0);
  });

  it('settles once: what a policy says twice is not heard, and reported once', () => {
    const { answers, ask, faults } = stageOf(
      mergeMap((verdict) => of(verdict, verdict, deny(verdict, 'no', DenyReason.NoGrant))),
    );
    ask();

    expect(answers).toHaveLength(1);
    expect(answers[0]?.state).toBe('open');
    expect(faults).toMatchObject([{ source: 'Desk.door', error: { code: 'ERR_SSH_POLICY_FAILED' } }]);
    expect(faults[0]?.error.message).toContain('a second verdict');
  });

  it('notices a second verdict that comes later, by its context, and reports it once', () => {
    const late = new Subject<Asked>();
    const { answers, ask, faults } = stageOf(
      (verdict$) => merge(verdict$, late),
      () => policyContext(),
    );
    ask();
    const [given] = answers;
    if (given === undefined) throw new Error('no answer');
    late.next(given);
    late.next(deny(given, 'no', DenyReason.NoGrant));

    expect(answers).toEqual([given]);
    expect(faults).toMatchObject([{ request: given.request, error: { code: 'ERR_SSH_POLICY_FAILED' } }]);
  });

  it('reports a verdict about a request of its own, which only JavaScript can take for an answer', () => {
    const { answers, ask, faults, stage } = stageOf(
      map((verdict) => ({ ...verdict, request: connectionRequest('198.51.100.1') })),
      () => policyContext(),
    );
    ask();

    expect(answers).toEqual([]);
    expect(stage.pending).toBe(1);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.error.message).toContain('a request of its own');
  });

  it('says nothing of late answers to what was abandoned, or denied since the policy failed', () => {
    const { asked, policy } = slow();
    const [first, second] = [new Subject<Asked>(), new Subject<Asked>()];
    const unused = [first, second];
    const { answers, ask, faults, stage } = stageOf(
      (verdict$) =>
        merge(
          policy(verdict$),
          defer((): Observable<Asked> => unused.shift() ?? NEVER),
        ),
      () => policyContext(),
    );
    stage.abandon(ask().request);
    ask();
    const [abandoned, held] = asked.map(({ verdict }) => verdict);
    if (abandoned === undefined || held === undefined) throw new Error('not asked');
    first.next(abandoned);
    expect(faults).toEqual([]);
    first.error(new Error('boom'));
    ask();
    second.next(held);

    expect(answers).toMatchObject([{ state: 'denied', request: held.request }]);
    expect(faults).toHaveLength(1);
  });

  it('takes the answer to a question from within which another was asked', () => {
    const answers: string[] = [];
    const inner = consider(connectionRequest('198.51.100.2'));
    let nested = false;
    const stage = new PolicyStage<ConnectionRequest>(
      {
        source: 'Desk.door',
        phase: 'limit',
        policy: map((verdict) => {
          if (nested) return verdict;
          nested = true;
          stage.ask(inner, () => answers.push('inner'));
          return verdict;
        }),
      },
      () => undefined,
    );
    stage.ask(consider(connectionRequest()), () => answers.push('outer'));

    expect(answers).toEqual(['inner', 'outer']);
    expect(stage.pending).toBe(0);
  });

  it('denies at once what it holds when its policy emits what is no verdict of anything', () => {
    const { answers, ask, faults } = stageOf(map(() => ({}) as Asked));
    ask();

    expect(answers).toMatchObject([{ state: 'denied', reason: 'policy-failed' }]);
    expect(faults).toHaveLength(1);
  });

  it('does not hear answers to what was abandoned or never asked', () => {
    const { asked, policy } = slow();
    const { answers, ask, stage, faults } = stageOf(policy);
    const verdict = ask();
    stage.abandon(verdict.request);
    asked[0]?.answer(verdict);
    const other = ask();
    asked[1]?.answer(consider(connectionRequest()));

    expect(answers).toEqual([]);
    expect(faults).toEqual([]);
    expect(stage.pending).toBe(1);
    asked[1]?.answer(other);
  });

  it('that errors costs all that it held, and nothing after', () => {
    const sources: Subscriber<Asked>[] = [];
    const { answers, ask, faults, stage } = stageOf(
      (verdict$) =>
        new Observable((subscriber) => {
          sources.push(subscriber);
          // The first subscription keeps what it is asked, the second answers.
          const answers = sources.length > 1;
          return verdict$.subscribe((verdict) => {
            if (answers) subscriber.next(verdict);
          });
        }),
    );
    const held = [ask(), ask()];
    sources[0]?.error(new Error('boom'));

    expect(answers).toEqual(held.map((verdict) => deny(verdict, 'Desk.door', DenyReason.PolicyFailed)));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ source: 'Desk.door', request: held[0]?.request });
    expect(faults[0]?.error).toMatchObject({ code: 'ERR_SSH_POLICY_FAILED', message: 'Desk.door threw: boom' });
    expect(stage.pending).toBe(0);

    const next = ask();
    expect(answers.at(-1)).toBe(next);
    expect(sources).toHaveLength(2);
  });

  it('that throws at one question answers the next', () => {
    let asked = 0;
    const { answers, ask, faults } = stageOf(
      map((verdict) => {
        asked += 1;
        if (asked === 1) throw new Error('boom');
        return verdict;
      }),
    );
    ask();
    ask();

    expect(answers.map(({ state }) => state)).toEqual(['denied', 'open']);
    expect(faults).toHaveLength(1);
  });

  it('keeps the state that a policy has outside its subscription, so that a failure resets no limit', () => {
    let count = 0;
    const policy = map((verdict: Asked) => {
      count += 1;
      if (count === 2) throw new Error('boom');
      return count > 3 ? deny(verdict, 'limit', DenyReason.RateLimited) : verdict;
    });
    const { answers, ask } = stageOf(policy);
    for (let index = 0; index < 4; index += 1) ask();

    expect(answers.map(({ state }) => state)).toEqual(['open', 'denied', 'open', 'denied']);
  });

  it('that completes denies for good, and is reported once', () => {
    const { answers, ask, faults } = stageOf(() => EMPTY);
    for (let count = 0; count < 3; count += 1) ask();

    expect(answers.map(({ state }) => state)).toEqual(['denied', 'denied', 'denied']);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.error.message).toBe('Desk.door completed, so nothing it decides can be granted any more');
  });

  it('that errors as soon as it is subscribed denies, question by question', () => {
    const { answers, ask, faults } = stageOf(
      () =>
        new Observable((subscriber) => {
          subscriber.error(new Error('no database'));
        }),
    );
    ask();
    ask();

    expect(answers.map(({ state }) => state)).toEqual(['denied', 'denied']);
    expect(faults).toHaveLength(2);
  });

  it('may be asked again from within an answer, a failure included', () => {
    const states: string[] = [];
    let asked = 0;
    const stage = new PolicyStage<ConnectionRequest>(
      {
        source: 'Desk.door',
        phase: 'limit',
        policy: map((verdict) => {
          asked += 1;
          if (asked === 1) throw new Error('boom');
          return verdict;
        }),
      },
      () => undefined,
    );
    stage.ask(consider(connectionRequest()), (first) => {
      states.push(first.state);
      stage.ask(consider(connectionRequest()), (second) => {
        states.push(second.state);
      });
    });

    expect(states).toEqual(['denied', 'open']);
  });

  it('never settles by itself', () => {
    const { answers, ask, stage } = stageOf(() => NEVER);
    ask();

    expect(answers).toEqual([]);
    expect(stage.pending).toBe(1);
  });
});

describe('the rules of verdicts', () => {
  const lease: Lease = NEVER;
  const open = withLease(consider(connectionRequest()), lease);
  const granted = grant<ConnectionRequest>(open, open.request, 'first');
  const denied = deny(open, 'first', DenyReason.NotPermitted);

  it.each<readonly [string, Asked, unknown]>([
    ['revived a denied verdict', denied, { ...granted, request: denied.request }],
    ['took a grant back without denying', granted, open],
    ['dropped a lease', granted, { ...granted, leases: [] }],
    ['dropped a lease', open, { ...open, leases: [new Observable()] }],
    ['emitted something that is no verdict', open, { ...open, state: 'perhaps' }],
    ['emitted something that is no verdict', open, { state: 'granted', request: open.request, by: 'me' }],
    ['emitted something that is no verdict', open, undefined],
    ['emitted something that is no verdict', open, null],
    ['emitted something that is no verdict', open, 'granted'],
  ])('a policy that %s is overruled and reported', (rule, before, after) => {
    // What a policy written in JavaScript may emit.
    const { answers, ask, faults, stage } = stageOf(map(() => after as Asked));
    ask(before);

    expect(answers).toEqual([deny(before, 'Desk.door', DenyReason.PolicyFailed)]);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.error.code).toBe('ERR_SSH_POLICY_FAILED');
    expect(faults[0]?.error.message).toContain(`Desk.door ${rule}`);
    expect(stage.pending).toBe(0);
  });

  it.each<readonly [string, Asked, Asked]>([
    ['leave an open verdict open', open, open],
    ['grant an open verdict', open, granted],
    ['deny an open verdict', open, denied],
    ['deny a granted verdict', granted, deny(granted, 'x', DenyReason.NoRoute)],
    ['add a lease', granted, withLease(granted, NEVER)],
    ['leave a denied verdict denied', denied, denied],
  ])('a policy may %s', (_what, before, after) => {
    const { answers, ask, faults } = stageOf(map(() => after));
    ask(before);

    expect(answers).toEqual([after]);
    expect(faults).toEqual([]);
  });
});
