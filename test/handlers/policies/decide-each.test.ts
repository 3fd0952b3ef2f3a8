import { EMPTY, NEVER, Observable, of, Subject, take } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import { decideEach } from '../../../src/handlers/policies/decide-each.js';
import { DenyReason } from '../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../src/streams/events/connection-request.js';
import { consider, grant, type Verdict } from '../../../src/streams/verdict.js';
import { marbles } from '../../support/marbles.js';
import { knock } from './requests.js';
import { answersTo, decisionOn, denied, deniedBy, granted, grantedBy } from './verdicts.js';

const slow = knock('192.0.2.1');
const quick = knock('192.0.2.2');

const values = {
  s: consider<ConnectionRequest>(slow),
  q: consider<ConnectionRequest>(quick),
  d: denied<ConnectionRequest>(quick),
  S: grantedBy<ConnectionRequest>('test', slow),
  Q: grantedBy<ConnectionRequest>('test', quick),
  X: deniedBy<ConnectionRequest>('test', slow, DenyReason.PolicyFailed, 'broken'),
};

const yes = (verdict: Verdict<ConnectionRequest>): Verdict<ConnectionRequest> =>
  grant(verdict, verdict.request, 'test');

describe('decideEach', () => {
  it(
    'lets a quick answer overtake a slow one, and waits for both before it completes',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const answer = cold('  ------S|', values);
      const source = hot('  -sqd|', values);
      const expected = '    --Qd---(S|)';
      const subs = '        ^---!';
      const asked = '       -^-----!';
      const policy = decideEach<ConnectionRequest>('test', (verdict) =>
        verdict.request === slow ? answer : yes(verdict),
      );

      expectObservable(source.pipe(policy)).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
      expectSubscriptions(answer.subscriptions).toBe(asked);
    }),
  );

  it(
    'takes the first value of an answer and unsubscribes',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const answer = cold('  --S-Q-|', values);
      const source = hot('  s------|', values);
      const expected = '    --S----|';
      const asked = '       ^-!';

      expectObservable(source.pipe(decideEach('test', () => answer))).toBe(expected, values);
      expectSubscriptions(answer.subscriptions).toBe(asked);
    }),
  );

  it(
    'gives up pending answers when unsubscribed early',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const answer = cold('   -----S', values);
      const source = hot('  -s---', values);
      const expected = '    -----';
      const unsub = '       ---!';
      const asked = '       -^-!';

      expectObservable(source.pipe(decideEach('test', () => answer)), unsub).toBe(expected, values);
      expectSubscriptions(answer.subscriptions).toBe(asked);
    }),
  );

  it(
    'denies only the request whose answer errors',
    marbles(({ cold, hot, expectObservable }) => {
      const answer = cold('  ---#', values, 'broken');
      const source = hot('  -s-q-|', values);
      const expected = '    ---QX|';
      const policy = decideEach<ConnectionRequest>('test', (verdict) =>
        verdict.request === slow ? answer : yes(verdict),
      );

      expectObservable(source.pipe(policy)).toBe(expected, values);
    }),
  );

  it(
    'is not held up by an answer that never comes',
    marbles(({ hot, expectObservable }) => {
      const source = hot('  -s-q-|', values);
      const expected = '    ---Q--';
      const policy = decideEach<ConnectionRequest>('test', (verdict) =>
        verdict.request === slow ? NEVER : yes(verdict),
      );

      expectObservable(source.pipe(policy)).toBe(expected, values);
    }),
  );

  it('asks no more of a source that emits in the call of subscribe once it is unsubscribed', () => {
    const decide = vi.fn(yes);
    const source = of(values.q, values.q, values.q);

    source.pipe(decideEach('test', decide), take(1)).subscribe();

    expect(decide).toHaveBeenCalledOnce();
  });

  it('passes on at once an answer that an Observable gives at once, and completes with its source', () => {
    const seen: unknown[] = [];
    of(values.q)
      .pipe(decideEach('test', (verdict) => of(yes(verdict), verdict)))
      .subscribe({
        next: (verdict) => seen.push(verdict),
        complete: () => seen.push('complete'),
      });

    expect(seen).toEqual([values.Q, 'complete']);
  });

  it('passes on an error of its source and gives up pending answers', () => {
    const source = new Subject<Verdict<ConnectionRequest>>();
    const answer = new Subject<Verdict<ConnectionRequest>>();
    const broken = new Error('broken');
    const error = vi.fn();
    source.pipe(decideEach('test', () => answer)).subscribe({ error });

    source.next(values.s);
    source.error(broken);

    expect(error).toHaveBeenCalledExactlyOnceWith(broken);
    expect(answer.observed).toBe(false);
  });

  it('does not ask about denied verdicts', () => {
    const decide = vi.fn(yes);

    expect(answersTo(decideEach('test', decide), denied(quick))).toEqual([values.d]);
    expect(decide).not.toHaveBeenCalled();
  });

  it('asks about granted verdicts', () => {
    const policy = decideEach<ConnectionRequest>('test', (verdict) =>
      deniedBy('test', verdict.request, DenyReason.NotPermitted),
    );

    expect(answersTo(policy, granted(quick))).toMatchObject([{ state: 'denied', by: 'test' }]);
  });

  it('denies with the cause what a callback throws on, and lives on', () => {
    const cause = new Error('no database');
    const policy = decideEach<ConnectionRequest>('test', (verdict) => {
      if (verdict.request === slow) throw cause;
      return yes(verdict);
    });

    expect(answersTo(policy, values.s, values.q)).toEqual([
      deniedBy('test', slow, DenyReason.PolicyFailed, cause),
      values.Q,
    ]);
  });

  it('denies if an Observable completes without a value', () => {
    const verdict = decisionOn(
      decideEach<ConnectionRequest>('test', () => EMPTY),
      quick,
    );

    expect(verdict).toMatchObject({ state: 'denied', reason: DenyReason.PolicyFailed });
    expect(verdict).toHaveProperty('cause.name', 'EmptyError');
  });

  it('leaves a trace of a failure that is undefined', () => {
    const policy = decideEach<ConnectionRequest>(
      'test',
      () =>
        new Observable((subscriber) => {
          subscriber.error(undefined);
        }),
    );

    expect(decisionOn(policy, quick)).toMatchObject({
      reason: DenyReason.PolicyFailed,
      cause: { code: 'ERR_SSH_POLICY_FAILED', message: 'test failed without an error' },
    });
  });

  it('waits for a promise and takes others meanwhile', async () => {
    const source = new Subject<Verdict<ConnectionRequest>>();
    const seen: Verdict<ConnectionRequest>[] = [];
    const answer = Promise.resolve(values.S);
    const policy = decideEach<ConnectionRequest>('test', (verdict) =>
      verdict.request === slow ? answer : yes(verdict),
    );
    source.pipe(policy).subscribe((verdict) => seen.push(verdict));

    source.next(values.s);
    source.next(values.q);
    expect(seen).toEqual([values.Q]);

    await answer;
    expect(seen).toEqual([values.Q, values.S]);
  });

  it('denies only the request whose promise rejects', async () => {
    const answers = new Promise<readonly Verdict<ConnectionRequest>[]>((resolve) => {
      const seen: Verdict<ConnectionRequest>[] = [];
      const policy = decideEach<ConnectionRequest>('test', async (verdict) => {
        await Promise.resolve();
        if (verdict.request === slow) throw new Error('broken');
        return yes(verdict);
      });
      new Observable<Verdict<ConnectionRequest>>((subscriber) => {
        subscriber.next(values.s);
        subscriber.next(values.q);
        subscriber.complete();
      })
        .pipe(policy)
        .subscribe({
          next: (verdict) => seen.push(verdict),
          complete: () => {
            resolve(seen);
          },
        });
    });

    expect(await answers).toEqual([deniedBy('test', slow, DenyReason.PolicyFailed, new Error('broken')), values.Q]);
  });
});
