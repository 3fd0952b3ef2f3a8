import { NEVER, Observable, of, Subject, Subscription, take, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import type { SshServerError } from '../../src/errors.js';
import { DenyReason } from '../../src/streams/deny-reason.js';
import { type DecideVerdict, decisionOf, EachVerdict } from '../../src/streams/each-verdict.js';
import type { ConnectionRequest } from '../../src/streams/events/connection-request.js';
import { PolicyStage } from '../../src/streams/policy-stage.js';
import type { Policy } from '../../src/streams/policy.js';
import { consider, deny, grant, type Verdict, withLease } from '../../src/streams/verdict.js';
import { connectionRequest } from './request-fixtures.js';

type Asked = Verdict<ConnectionRequest>;
type Decide = DecideVerdict<ConnectionRequest>;

const each =
  (decide: Decide): Policy<ConnectionRequest> =>
  (verdict$) =>
    new EachVerdict(verdict$, decide);

const granting: Decide = (verdict) => grant(verdict, verdict.request, 'yes');
const refusing: Decide = (verdict) => deny(verdict, 'no', DenyReason.NotPermitted);

/** Emits `verdict` in the next turn of nobody: when the test says so. */
function later() {
  const waiting: { readonly verdict: Asked; readonly answer$: Subject<Asked> }[] = [];
  const decide: Decide = (verdict) => {
    const answer$ = new Subject<Asked>();
    waiting.push({ verdict, answer$ });
    return answer$;
  };
  const answer = (index: number, make: (verdict: Asked) => Asked): void => {
    const { verdict, answer$ } = waiting[index] ?? {};
    if (verdict !== undefined) answer$?.next(make(verdict));
    answer$?.complete();
  };
  return { decide, answer, waiting };
}

function stageOf(policy: Policy<ConnectionRequest>) {
  const faults: string[] = [];
  const report = ({ message }: SshServerError): void => {
    faults.push(message);
  };
  const stage = new PolicyStage<ConnectionRequest>({ source: 'Desk.door', phase: 'limit', policy }, report);
  const answers: Asked[] = [];
  const ask = (verdict: Asked = consider(connectionRequest())): Asked => {
    stage.ask(verdict, (answer) => answers.push(answer));
    return verdict;
  };
  return { stage, faults, answers, ask, states: () => answers.map(({ state }) => state) };
}

describe('verdicts that are decided each by itself', () => {
  it('are a stream like any other, in which a slow one holds up nobody', () => {
    const { decide, answer } = later();
    const input$ = new Subject<Asked>();
    const [slow, quick] = [consider(connectionRequest()), consider(connectionRequest())];
    const seen: (Asked | 'complete')[] = [];
    new EachVerdict(input$, (verdict) => (verdict === slow ? decide(verdict) : verdict)).subscribe({
      next: (verdict) => seen.push(verdict),
      complete: () => seen.push('complete'),
    });
    input$.next(slow);
    input$.next(quick);
    input$.complete();

    expect(seen).toEqual([quick]);
    answer(0, (verdict) => verdict);
    expect(seen).toEqual([quick, slow, 'complete']);
  });

  it('stop with their subscription, what is being thought about as well', () => {
    const { decide, waiting } = later();
    const input$ = new Subject<Asked>();
    const subscription = new EachVerdict(input$, decide).subscribe();
    input$.next(consider(connectionRequest()));
    subscription.unsubscribe();

    expect(input$.observed).toBe(false);
    expect(waiting[0]?.answer$.observed).toBe(false);
  });

  it('can be stopped while the source emits in the very call of subscribe', () => {
    let made = 0;
    const source$ = new Observable<Asked>((subscriber) => {
      while (!subscriber.closed && made < 10) {
        made += 1;
        subscriber.next(consider(connectionRequest()));
      }
    });
    new EachVerdict(source$, (verdict) => verdict).pipe(take(2)).subscribe();

    expect(made).toBe(2);
  });

  it('error if the decision throws or errors', () => {
    const errors: unknown[] = [];
    const failing: readonly Decide[] = [
      () => {
        throw new Error('thrown');
      },
      () => throwError(() => new Error('errored')),
    ];
    for (const decide of failing) {
      new EachVerdict(of(consider(connectionRequest())), decide).subscribe({
        error: (cause: unknown) => errors.push(String(cause)),
      });
    }

    expect(errors).toEqual(['Error: thrown', 'Error: errored']);
  });
});

describe('what a stream makes of one verdict', () => {
  const input$ = new Subject<Asked>();

  it('is known of one that decides each by itself, and of several in turn', () => {
    const verdict = consider(connectionRequest());
    const both = decisionOf(input$.pipe(each(granting), each(refusing)), input$);

    expect(decisionOf(input$.pipe(each(granting)), input$)?.(verdict)).toMatchObject({ state: 'granted', by: 'yes' });
    expect(both?.(verdict)).toMatchObject({ state: 'denied', by: 'no' });
  });

  it('goes on with the next once the first has thought', () => {
    const { decide, answer } = later();
    const answers: Asked[] = [];
    const answer$ = decisionOf(input$.pipe(each(decide), each(granting)), input$)?.(consider(connectionRequest()));
    if (answer$ instanceof Observable) answer$.subscribe((it) => answers.push(it));
    expect(answers).toEqual([]);
    answer(0, (verdict) => verdict);

    expect(answers).toMatchObject([{ state: 'granted' }]);
  });

  it('is not known of any other', () => {
    const other = (verdict$: Observable<Asked>): Observable<Asked> =>
      new Observable((subscriber) => verdict$.subscribe(subscriber));

    expect(decisionOf(input$.pipe(each(granting), other), input$)).toBeUndefined();
    expect(decisionOf(input$.pipe(other, each(granting)), input$)).toBeUndefined();
    expect(decisionOf(NEVER.pipe(each(granting)), input$)).toBeUndefined();
    expect(decisionOf(input$, input$)).toBeUndefined();
  });
});

describe('a stage whose policy decides each verdict by itself', () => {
  it('calls it, and subscribes nothing', () => {
    let subscribed = 0;
    const { ask, states } = stageOf((verdict$) => {
      const each$ = new EachVerdict(verdict$, granting);
      vi.spyOn(each$, 'subscribe').mockImplementation(() => {
        subscribed += 1;
        return Subscription.EMPTY;
      });
      return each$;
    });
    ask();

    expect(states()).toEqual(['granted']);
    expect(subscribed).toBe(0);
  });

  it('lets a policy listen to what comes in besides', () => {
    let seen = 0;
    const { ask, states } = stageOf((verdict$) => {
      verdict$.subscribe(() => {
        seen += 1;
      });
      return verdict$.pipe(each((verdict) => (seen > 1 ? refusing(verdict) : granting(verdict))));
    });
    ask();
    ask();

    expect(states()).toEqual(['granted', 'denied']);
  });

  it('waits for an answer that takes time, and for no other behind it', () => {
    const { decide, answer } = later();
    const { ask, states, stage } = stageOf(each(decide));
    ask();
    ask();
    expect(stage.pending).toBe(2);
    answer(1, granting as (verdict: Asked) => Asked);
    answer(0, refusing as (verdict: Asked) => Asked);

    expect(states()).toEqual(['granted', 'denied']);
    expect(stage.pending).toBe(0);
  });

  it('ends what the policy does for a request that is abandoned', () => {
    const { decide, waiting } = later();
    const { ask, stage, answers } = stageOf(each(decide));
    const { request } = ask();
    stage.abandon(request);

    expect(waiting[0]?.answer$.observed).toBe(false);
    expect([stage.pending, answers]).toEqual([0, []]);
  });

  it('begins nothing for a request that is abandoned while the policy is called', () => {
    const { decide, waiting } = later();
    const { ask, stage } = stageOf(
      each((verdict) => {
        stage.abandon(verdict.request);
        return decide(verdict);
      }),
    );
    ask();

    expect(waiting[0]?.answer$.observed).toBe(false);
    expect(stage.pending).toBe(0);
  });

  it('ends what the policy does for a request that is abandoned while that begins', () => {
    let running = 0;
    const { ask, stage } = stageOf(
      each(
        ({ request }) =>
          new Observable(() => {
            running += 1;
            stage.abandon(request);
            return () => {
              running -= 1;
            };
          }),
      ),
    );
    ask();

    expect([running, stage.pending]).toEqual([0, 0]);
  });

  it('ends all that the policy does when it is closed', () => {
    const { decide, waiting } = later();
    const { ask, stage } = stageOf(each(decide));
    ask();
    stage.close();

    expect(waiting[0]?.answer$.observed).toBe(false);
  });

  it('denies what it fails at, at once or later, says so, and lives on', () => {
    const answer$ = new Subject<Asked>();
    const decisions: Decide[] = [
      () => {
        throw new Error('no more memory');
      },
      () => answer$,
      granting,
    ];
    const { ask, states, faults } = stageOf(each((verdict) => decisions.shift()?.(verdict) ?? verdict));
    ask();
    ask();
    ask();
    answer$.error(new Error('no more files'));

    expect(states()).toEqual(['denied', 'granted', 'denied']);
    expect(faults).toEqual(['Desk.door threw: no more memory', 'Desk.door threw: no more files']);
  });

  it('holds it to the rules of verdicts, at once and later', () => {
    const lease = NEVER;
    const dropping = (verdict: Asked): Asked => (verdict.state === 'denied' ? verdict : { ...verdict, leases: [] });
    const { decide, answer } = later();
    const quick = stageOf(each(dropping));
    const slow = stageOf(each(decide));
    const other = stageOf(each(() => consider(connectionRequest())));
    quick.ask(withLease(consider(connectionRequest()), lease));
    slow.ask(withLease(consider(connectionRequest()), lease));
    answer(0, dropping);
    other.ask();

    expect([quick.states(), slow.states(), other.states()]).toEqual([['denied'], ['denied'], ['denied']]);
    expect([...quick.faults, ...slow.faults]).toEqual([
      'Desk.door dropped a lease; the request was denied',
      'Desk.door dropped a lease; the request was denied',
    ]);
    expect(other.faults).toEqual(['Desk.door emitted something that is no verdict; the request was denied']);
  });
});
