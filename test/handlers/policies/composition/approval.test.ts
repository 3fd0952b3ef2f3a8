import { EMPTY, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';

import type { Answer } from '../../../../src/handlers/policies/answer.js';
import {
  approval,
  type ApprovalAnswer,
  type ApprovalOptions,
} from '../../../../src/handlers/policies/composition/approval.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { Disconnected } from '../../../../src/streams/events/disconnected.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { challenge, consider, type Verdict } from '../../../../src/streams/verdict.js';
import { connectionRequest } from '../../../../src/testing/connection-request.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { marbles } from '../../../support/marbles.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { authRequests, interactiveStart, knock } from '../requests.js';
import { answersTo, decisionOn, declinedBy, denied, deniedBy, granted, grantedBy, leased } from '../verdicts.js';
import { virtualTime } from '../virtual-time.js';

const ann = connectionRequest({ from: '192.0.2.1', connection: 1 });
const bob = connectionRequest({ from: '192.0.2.2', connection: 2 });
const carol = connectionRequest({ from: '192.0.2.3', connection: 3 });

const addressOf = ({ connection }: ConnectionRequest): string => connection.remoteAddress;
const refused = (request: ConnectionRequest, by = 'approval') => deniedBy(by, request, DenyReason.NotApproved);

const gone = ({ connection }: ConnectionRequest): Disconnected => ({
  type: 'Disconnected',
  connection,
  by: 'peer',
  description: 'gone',
  bytesReceived: 0,
  bytesSent: 0,
});

type Said = boolean | ApprovalAnswer;

/** People who are asked, and answer when the test says so. */
function people() {
  const questions: { readonly request: ConnectionRequest; readonly answer: Subject<Said> }[] = [];
  return {
    questions,
    ask: (request: ConnectionRequest): Observable<Said> => {
      const answer = new Subject<Said>();
      questions.push({ request, answer });
      return answer;
    },
    say: (index: number, said: Said): void => {
      questions[index]?.answer.next(said);
    },
  };
}

/** A policy in virtual time, fed by hand. */
function atWork(options: Omit<ApprovalOptions<ConnectionRequest>, 'clock'>) {
  const { clock, advance } = virtualTime();
  const source = new Subject<Verdict<ConnectionRequest>>();
  const context = policyContext({ clock });
  const told: unknown[] = [];
  const subscription = source.pipe(approval(options)).subscribe((verdict) => {
    const { request, state } = verdict;
    told.push([request, state === 'denied' ? verdict.reason : state]);
  });
  return {
    context,
    told,
    subscription,
    advance,
    knock: (request: ConnectionRequest) => {
      source.next(consider(request, context));
    },
  };
}

describe('approval', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'approval',
    make: (options) => approval({ ...options, ask: () => true }),
    decides: ann,
  });

  it.each<readonly [string, Answer<Said>]>([
    ['true', true],
    ['an approval', { approved: true, by: 'bob' }],
    ['an Observable of an approval', of({ approved: true })],
  ])('lets what is approved pass as it is, granted or not: %s', (_what, answer) => {
    const policy = approval<ConnectionRequest>({ ask: () => answer });
    const verdicts = [leased<ConnectionRequest>(ann), granted<ConnectionRequest>(ann)];

    expect(answersTo(policy, ...verdicts)).toEqual(verdicts);
  });

  it.each<readonly [string, Answer<Said>, string]>([
    ['false', false, 'approval'],
    ['a refusal', { approved: false, by: 'bob' }, 'approval by bob'],
    ['nothing', EMPTY, 'approval'],
    // JavaScript may answer with anything.
    ['undefined', undefined as unknown as boolean, 'approval'],
    ['null', null as unknown as boolean, 'approval'],
    ['1', 1 as unknown as boolean, 'approval'],
    ['a truthy approval', { approved: 'yes', by: 7 } as unknown as ApprovalAnswer, 'approval'],
  ])('denies what is not approved, granted or not: %s', (_what, answer, by) => {
    const policy = approval<ConnectionRequest>({ ask: () => answer });

    expect(answersTo(policy, leased<ConnectionRequest>(ann), granted<ConnectionRequest>(ann))).toEqual([
      refused(ann, by),
      refused(ann, by),
    ]);
  });

  it('waits for promises', async () => {
    const told = new Promise((resolve) => {
      of(consider<ConnectionRequest>(ann))
        .pipe(approval({ ask: async () => Promise.resolve(true), grants: true }))
        .subscribe(resolve);
    });

    expect(await told).toEqual(grantedBy('approval', ann));
  });

  it('grants open requests if it is to, in the name of who approved', () => {
    const policy = (answer: Said) => approval<ConnectionRequest>({ ask: () => answer, grants: true, name: 'desk' });

    expect(decisionOn(policy(true), ann)).toEqual(grantedBy('desk', ann));
    expect(decisionOn(policy({ approved: true, by: 'bob' }), ann)).toEqual(grantedBy('desk by bob', ann));
    expect(answersTo(policy(true), granted<ConnectionRequest>(ann))).toEqual([granted(ann)]);
  });

  it('asks nobody about what was denied', () => {
    const { ask, questions } = people();
    answersTo(approval({ ask }), denied<ConnectionRequest>(ann));

    expect(questions).toEqual([]);
  });

  it.each(['offered', 'refuted', 'started', 'other'])(
    'asks nobody about a request that proves nothing, and does not grant it: %s',
    (kind) => {
      const request = authRequests[kind];
      if (request === undefined) throw new Error('there is no such request');
      const policy = approval<SSHUserAuthRequest>({ ask: () => false, grants: true });

      expect(decisionOn(policy, request)).toEqual(consider(request));
    },
  );

  it('asks nobody while the user is being asked questions', () => {
    const [answered] = [authRequests['answered']];
    if (answered?.method !== 'keyboard-interactive') throw new Error('there is no such request');
    const policy: Policy<SSHUserAuthRequest> = approval({ ask: () => false });
    const asking = challenge<SSHUserAuthRequest>(
      consider<SSHUserAuthRequest>(answered),
      answered,
      { prompts: [] },
      'code',
    );

    expect(answersTo(policy, asking)).toEqual([asking]);
    expect(decisionOn(policy, interactiveStart)).toEqual(consider(interactiveStart));
  });

  it('asks about what a source of credentials has declined, since another may still grant it', () => {
    const { ask, questions } = people();
    const verdict = declinedBy<ConnectionRequest>('grantPassword', ann, DenyReason.BadCredential);
    answersTo(approval({ ask }), verdict);

    expect(questions).toHaveLength(1);
  });

  it('asks about it if it grants, since it is one of these sources then', () => {
    const verdict = declinedBy<ConnectionRequest>('grantPassword', ann, DenyReason.BadCredential);

    expect(answersTo(approval({ ask: () => true, grants: true }), verdict)).toMatchObject([
      { state: 'granted', by: 'approval' },
    ]);
  });

  it('asks nobody again about what was granted before policies were replaced', () => {
    const verdict = { ...granted<ConnectionRequest>(ann), context: policyContext({ reevaluation: true }) };

    expect(answersTo(approval({ ask: () => false }), verdict)).toEqual([verdict]);
  });

  it(
    'denies what is not answered by the deadline, and holds up nobody else meanwhile',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const values = { a: consider<ConnectionRequest>(ann), b: consider<ConnectionRequest>(bob), A: refused(ann) };
      const source = hot('  ab----------|', values);
      const never$ = cold<boolean>('--------------y', { y: true });
      const quick$ = cold<boolean>('--(y|)', { y: true });
      const expected = '    ---b------A-|';
      const policy = approval<ConnectionRequest>({
        ask: (request) => (request === ann ? never$ : quick$),
        deadlineMs: 10,
      });

      expectObservable(source.pipe(policy)).toBe(expected, values);
      expectSubscriptions(never$.subscriptions).toBe('^---------!');
    }),
  );

  it('waits two minutes by default, by the clock of the server, and asks the server for the time', () => {
    const { told, context, advance, knock: comes } = atWork({ ask: () => NEVER });
    comes(ann);

    expect(context.deadlines.get(ann)).toBeGreaterThanOrEqual(120_000);
    advance(119_999);
    expect(told).toEqual([]);
    advance(1);
    expect(told).toEqual([[ann, DenyReason.NotApproved]]);
  });

  it('goes by the clock that it was given', () => {
    const { clock, advance } = virtualTime();
    const told: unknown[] = [];
    new Observable<Verdict<ConnectionRequest>>((subscriber) => {
      subscriber.next(consider(ann));
    })
      .pipe(approval({ ask: () => NEVER, deadlineMs: 10, clock }))
      .subscribe((verdict) => told.push(verdict));
    advance(10);

    expect(told).toEqual([refused(ann)]);
  });

  it('asks the server for no time if it is answered at once', () => {
    const { told, context, knock: comes } = atWork({ ask: () => true });
    comes(ann);

    expect(told).toEqual([[ann, 'open']]);
    expect(context.deadlines.size).toBe(0);
  });

  it('denies when the connection ends, and withdraws the question', () => {
    const { ask, questions } = people();
    const { told, context, knock: comes } = atWork({ ask });
    comes(ann);
    comes(bob);
    context.emit(gone(ann));

    expect(told).toEqual([[ann, DenyReason.NotApproved]]);
    expect(questions.map(({ answer }) => answer.observed)).toEqual([false, true]);
  });

  it('withdraws its questions when it is unsubscribed', () => {
    const { ask, questions } = people();
    const { subscription, knock: comes } = atWork({ ask });
    comes(ann);
    subscription.unsubscribe();

    expect(questions[0]?.answer.observed).toBe(false);
  });

  it.each<readonly [string, () => Answer<Said>]>([
    [
      'throws',
      () => {
        throw new Error('no chat');
      },
    ],
    ['errors', () => throwError(() => new Error('no chat'))],
  ])('denies what it cannot ask about, with the cause, and lives on: ask %s', (_what, fail) => {
    const policy = approval<ConnectionRequest>({ ask: (request) => (request === ann ? fail() : true) });

    expect(answersTo(policy, consider<ConnectionRequest>(ann), consider<ConnectionRequest>(bob))).toEqual([
      deniedBy('approval', ann, DenyReason.PolicyFailed, new Error('no chat')),
      consider(bob),
    ]);
  });

  describe('with too many questions', () => {
    it('denies those beyond the limit at once, and takes new ones when some are answered', () => {
      const { ask, say } = people();
      const { told, knock: comes } = atWork({ ask, maxPending: 2 });
      for (const request of [ann, bob, carol]) comes(request);

      expect(told).toEqual([[carol, DenyReason.LimitReached]]);
      say(0, true);
      comes(carol);
      say(2, true);
      expect(told.slice(1)).toEqual([
        [ann, 'open'],
        [carol, 'open'],
      ]);
    });

    it.each(['the connection ends', 'the deadline passes', 'asking fails'])('has a place free again when %s', (how) => {
      let failing: Subject<Said> | undefined;
      const {
        told,
        context,
        advance,
        knock: comes,
      } = atWork({
        ask: (request) => (request === ann ? (failing = new Subject()) : true),
        maxPending: 1,
        deadlineMs: 10,
      });
      comes(ann);
      if (how === 'the connection ends') context.emit(gone(ann));
      else if (how === 'the deadline passes') advance(10);
      else failing?.error(new Error('broken'));
      comes(bob);

      expect(told).toHaveLength(2);
      expect(told[1]).toEqual([bob, 'open']);
    });

    it('holds a hundred by default', () => {
      const { told, knock: comes } = atWork({ ask: () => NEVER });
      for (let index = 0; index < 101; index += 1) comes(knock(`192.0.2.${String(index)}`));

      expect(told).toEqual([[expect.anything(), DenyReason.LimitReached]]);
    });
  });

  describe('with a memory', () => {
    const remember = { forMs: 1_000, keyOf: addressOf };
    const again = { ...ann };

    it('asks once for each key, and gives all who wait the same answer', () => {
      const { ask, say, questions } = people();
      const { told, knock: comes } = atWork({ ask, remember });
      for (const request of [ann, again, bob]) comes(request);

      expect(questions.map(({ request }) => request)).toEqual([ann, bob]);
      say(0, true);
      expect(told).toEqual([
        [ann, 'open'],
        [again, 'open'],
      ]);
    });

    it('has those who come later wait no longer than the first', () => {
      const { ask } = people();
      const { told, advance, knock: comes } = atWork({ ask, remember, deadlineMs: 10 });
      comes(ann);
      advance(9);
      comes(again);
      advance(1);

      expect(told).toEqual([
        [ann, DenyReason.NotApproved],
        [again, DenyReason.NotApproved],
      ]);
    });

    it('keeps asking for those who still wait when the first has gone', () => {
      const { ask, say, questions } = people();
      const { told, context, knock: comes } = atWork({ ask, remember: { forMs: 1_000, keyOf: () => 'all' } });
      comes(ann);
      comes(bob);
      context.emit(gone(ann));
      say(0, true);

      expect(told).toEqual([
        [ann, DenyReason.NotApproved],
        [bob, 'open'],
      ]);
      expect(questions).toHaveLength(1);
    });

    it('takes no place for those who wait for the question of another', () => {
      const { ask } = people();
      const { told, knock: comes } = atWork({ ask, remember, maxPending: 1 });
      comes(ann);
      comes(again);

      expect(told).toEqual([]);
    });

    it('holds an approval for the time, by the name of who gave it, and then asks again', () => {
      const { ask, say, questions } = people();
      const { told, advance, knock: comes } = atWork({ ask, remember, grants: true });
      comes(ann);
      say(0, { approved: true, by: 'bob' });
      advance(999);
      comes(again);

      expect(told).toEqual([
        [ann, 'granted'],
        [again, 'granted'],
      ]);
      advance(1);
      comes(again);
      expect(questions).toHaveLength(2);
    });

    it('never remembers a refusal', () => {
      const { ask, say, questions } = people();
      const { told, knock: comes } = atWork({ ask, remember });
      comes(ann);
      say(0, false);
      comes(again);
      say(1, true);

      expect(questions).toHaveLength(2);
      expect(told).toEqual([
        [ann, DenyReason.NotApproved],
        [again, 'open'],
      ]);
    });

    it('asks a new question if the answer to the last one brings the next request', () => {
      const { ask, say, questions } = people();
      const source = new Subject<Verdict<ConnectionRequest>>();
      const told: string[] = [];
      source.pipe(approval({ ask, remember })).subscribe(({ state }) => {
        told.push(state);
        if (told.length === 1) source.next(consider(again));
      });
      source.next(consider(ann));
      say(0, false);
      source.next(consider(ann));
      say(1, true);

      expect(questions).toHaveLength(2);
      expect(told).toEqual(['denied', 'open', 'open']);
    });

    it('forgets the oldest approval past its bound', () => {
      const { ask, say, questions } = people();
      const { knock: comes } = atWork({ ask, remember: { ...remember, maxKeys: 1 } });
      comes(ann);
      say(0, true);
      comes(bob);
      say(1, true);
      comes(bob);
      expect(questions).toHaveLength(2);
      comes(ann);
      expect(questions).toHaveLength(3);
    });

    it('denies what has no key, rather than approve everybody at once', () => {
      const keyOf = () => undefined as unknown as string;

      expect(decisionOn(approval<ConnectionRequest>({ ask: () => true, remember: { forMs: 1, keyOf } }), ann)).toEqual(
        deniedBy('approval', ann, DenyReason.PolicyFailed, new TypeError('keyOf answered with a key that is no text')),
      );
    });
  });

  describe('that announces', () => {
    it('tells of each request that has to wait, and of no other', () => {
      const announced: unknown[] = [];
      const { ask, say } = people();
      const { knock: comes } = atWork({
        ask: (request) => (request === bob ? true : ask(request)),
        remember: { forMs: 1_000, keyOf: (request) => (request === bob ? 'bob' : 'others') },
        announce: (request) => announced.push(request),
      });
      for (const request of [ann, bob, carol]) comes(request);
      say(0, true);
      comes(ann);

      expect(announced).toEqual([ann, carol]);
    });

    it.each<readonly [string, () => unknown]>([
      [
        'throws',
        () => {
          throw new Error('no chat');
        },
      ],
      ['errors', () => throwError(() => new Error('no chat'))],
    ])('reports an announcement that fails, and goes on: it %s', (_what, announce) => {
      const { ask, say } = people();
      const { told, context, knock: comes } = atWork({ ask, announce });
      comes(ann);
      say(0, true);

      expect(told).toEqual([[ann, 'open']]);
      expect(context.reports).toEqual([{ type: 'failure', request: ann, by: 'approval', cause: new Error('no chat') }]);
    });

    it('reports an announcement that is rejected', async () => {
      const { ask } = people();
      const { context, knock: comes } = atWork({ ask, announce: async () => Promise.reject(new Error('no chat')) });
      comes(ann);
      await new Promise(setImmediate);

      expect(context.reports).toMatchObject([{ type: 'failure', cause: { message: 'no chat' } }]);
    });
  });

  it.each<readonly [Partial<Record<keyof ApprovalOptions<ConnectionRequest>, unknown>>, string]>([
    [{ ask: undefined }, 'ask must be a function, got undefined'],
    [{ announce: 1 }, 'announce must be a function, got 1'],
    [{ deadlineMs: 0 }, 'deadlineMs must be a finite number of milliseconds above 0, got 0'],
    [{ maxPending: 0 }, 'maxPending must be an integer of at least 1, got 0'],
    [{ grants: 'yes' }, "grants must be true or false, got 'yes'"],
    [
      { remember: { forMs: 0, keyOf: addressOf } },
      'remember.forMs must be a finite number of milliseconds above 0, got 0',
    ],
    [{ remember: { forMs: 1 } }, 'remember.keyOf must be a function, got undefined'],
    [
      { remember: { forMs: 1, keyOf: addressOf, maxKeys: 1.5 } },
      'remember.maxKeys must be an integer of at least 1, got 1.5',
    ],
  ])('refuses options out of range: %j', (options, message) => {
    const wrong = { ask: () => true, ...options } as ApprovalOptions<ConnectionRequest>;

    expect(() => approval(wrong)).toThrow(optionError(`approval: ${message}`));
  });
});
