import { finalize, map, Observable, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { learnFrom } from '../../../../src/handlers/policies/abuse/learn-from.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SshRequest } from '../../../../src/streams/events/ssh-request.js';
import type { PolicyContext } from '../../../../src/streams/policy-context.js';
import { consider } from '../../../../src/streams/verdict.js';
import { policyContext, type TestPolicyContext } from '../../../../src/testing/policy-context.js';
import { deniedEvent } from '../decisions.js';
import { knock } from '../requests.js';
import { answersTo, denied } from '../verdicts.js';

const ann = knock('192.0.2.1');

/** A policy that writes down the addresses of what was denied, and by how many servers it is being taught. */
function setUp(fail: (address: string) => Error | undefined = () => undefined) {
  const learnt: string[] = [];
  let teachers = 0;
  const policy = learnFrom<SshRequest>(
    'pupil',
    ({ events }) =>
      new Observable((subscriber) => {
        teachers += 1;
        return events.Decided.pipe(
          map(({ request }) => ({
            request,
            learn: () => {
              const address = request.connection.remoteAddress;
              const cause = fail(address);
              if (cause !== undefined) return throwError(() => cause);
              learnt.push(address);
              return new Observable<never>();
            },
          })),
          finalize(() => {
            teachers -= 1;
          }),
        ).subscribe(subscriber);
      }),
    (verdict$) => verdict$,
  );
  return {
    learnt,
    teachers: () => teachers,
    ask: (context: PolicyContext) => answersTo(policy, consider<SshRequest>(ann, context)),
    policy,
  };
}

const happens = (context: TestPolicyContext, address: string): void => {
  context.emit(deniedEvent(knock(address), DenyReason.NoGrant));
};

/** The same server with new policies. */
const successorOf = ({ events, denials }: TestPolicyContext): TestPolicyContext => ({
  ...policyContext(),
  events,
  denials,
});

describe('learnFrom', () => {
  it('listens to a server once, from its first verdict on', () => {
    const { ask, learnt, teachers } = setUp();
    const context = policyContext();
    happens(context, 'too early');
    ask(context);
    ask(context);
    happens(context, '192.0.2.2');

    expect(learnt).toEqual(['192.0.2.2']);
    expect(teachers()).toBe(1);
  });

  it('listens from a verdict on that others have denied', () => {
    const { policy, learnt } = setUp();
    const context = policyContext();
    answersTo(policy, { ...denied<SshRequest>(ann), context });
    happens(context, '192.0.2.2');

    expect(learnt).toEqual(['192.0.2.2']);
  });

  it('learns from each server it works for', () => {
    const { ask, learnt } = setUp();
    const [one, two] = [policyContext(), policyContext()];
    ask(one);
    ask(two);
    happens(one, '192.0.2.1');
    happens(two, '192.0.2.2');

    expect(learnt).toEqual(['192.0.2.1', '192.0.2.2']);
  });

  it('leaves nothing behind once its policies have retired', () => {
    const { ask, learnt, teachers } = setUp();
    const context = policyContext();
    ask(context);
    context.retire();
    happens(context, '192.0.2.2');

    expect(learnt).toEqual([]);
    expect(teachers()).toBe(0);
  });

  it('does not even begin to listen for long if its policies have retired already', () => {
    const { ask, teachers } = setUp();
    const context = policyContext();
    context.retire();
    ask(context);

    expect(teachers()).toBe(0);
  });

  it('counts no event twice and misses none while policies are replaced by others that it is among', () => {
    const { ask, learnt, teachers } = setUp();
    const old = policyContext();
    const next = successorOf(old);
    ask(old);
    ask(next);
    happens(old, 'both');
    old.retire();
    happens(old, 'next');
    next.retire();
    happens(old, 'none');

    expect(learnt).toEqual(['both', 'next']);
    expect(teachers()).toBe(0);
  });

  it('begins again for policies that are set after the last have retired', () => {
    const { ask, learnt } = setUp();
    const old = policyContext();
    ask(old);
    old.retire();
    ask(successorOf(old));
    happens(old, '192.0.2.2');

    expect(learnt).toEqual(['192.0.2.2']);
  });

  it('reports a lesson that fails, with its request, and learns the next one', () => {
    const cause = new Error('broken');
    const { ask, learnt } = setUp((address) => (address === 'bad' ? cause : undefined));
    const context = policyContext();
    ask(context);
    const request = knock('bad');
    context.emit(deniedEvent(request, DenyReason.NoGrant));
    happens(context, 'good');

    expect(context.reports).toEqual([{ type: 'failure', request, by: 'pupil', cause }]);
    expect(learnt).toEqual(['good']);
  });
});
