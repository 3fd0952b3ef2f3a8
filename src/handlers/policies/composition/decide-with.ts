import { mergeMap, Observable, Subject, Subscription, takeUntil } from 'rxjs';

import type { Policy } from '../../../streams/policy.js';
import type { PolicyName, Verdict } from '../../../streams/verdict.js';
import { type Answer, observed, whenAnswered } from '../answer.js';
import { decideEach, type UndeniedVerdict } from '../decide-each.js';
import { MemberPolicy } from './member-policy.js';

/**
 * Asks one of the members about a verdict, and goes on with its answer.
 *
 * `next` is called at once if the member answers at once, and never if it stays silent.
 */
export type AskMember<R> = (
  member: Policy<R>,
  verdict: UndeniedVerdict<R>,
  next?: (answer: Verdict<R>) => Answer<Verdict<R>>,
) => Answer<Verdict<R>>;

/**
 * Makes a policy that decides one verdict at a time and puts it to other policies, its members, on the way.
 *
 * Denied verdicts pass untouched, and no member sees them. Members are subscribed once, with the policy itself, and
 * applied once, even if it is subscribed again after an error; a policy that is given twice is one member that is asked
 * twice. A member that errors, or completes while it may still be asked, ends the whole in the same way, as in a `.pipe()`;
 * the server then denies what was under way. If `decide` itself fails, this one verdict is denied with
 * {@link DenyReason.PolicyFailed}.
 */
export const decideWith =
  <R>(
    by: PolicyName,
    policies: readonly Policy<R>[],
    decide: (verdict: UndeniedVerdict<R>, ask: AskMember<R>) => Answer<Verdict<R>>,
  ): Policy<R> =>
  (verdict$) => {
    const applied = (): Members<R> => new Map(policies.map((policy) => [policy, new MemberPolicy(by, policy)]));
    // Applied now, so that a policy that cannot be built is found when the server starts.
    const idle = [applied()];
    const callable = idle.find((members) => [...members.values()].every((member) => member.callable));
    if (callable !== undefined) {
      return decideEach<R>(by, (verdict) =>
        decide(verdict, (policy, put, next) => {
          const answer = memberIn(callable, policy, by).call(put);
          return next === undefined ? answer : whenAnswered(answer, (it) => next(it ?? unanswered(by)));
        }),
      )(verdict$);
    }

    return new Observable<Verdict<R>>((subscriber) => {
      const members = idle.pop() ?? applied();
      const subscriptions = new Subscription();
      const released = new Subject<void>();
      let left = members.size;
      let sourceEnded = false;

      const release = (): void => {
        if (subscriptions.closed) return;
        // Idle first: whoever is told of the end may subscribe again at once.
        idle.push(members);
        try {
          subscriptions.unsubscribe();
        } finally {
          released.next();
        }
      };
      subscriber.add(release);
      const fail = (cause: unknown): void => {
        try {
          release();
        } catch {
          // What failed first is what has to be told.
        }
        subscriber.error(cause);
      };
      const finish = (): void => {
        try {
          release();
        } catch (cause) {
          subscriber.error(cause);
          return;
        }
        subscriber.complete();
      };
      const memberEnded = (): void => {
        left -= 1;
        if (!sourceEnded || left === 0) finish();
      };

      /** While a member is being asked, what is to become of this policy: an answer that was given before goes first. */
      let fates: (() => void)[] | undefined;
      const befall = (fate: () => void): void => {
        if (fates === undefined) fate();
        else fates.push(fate);
      };
      for (const member of members.values()) {
        const error = (cause: unknown): void => {
          befall(() => {
            fail(cause);
          });
        };
        const complete = (): void => {
          befall(memberEnded);
        };
        subscriptions.add(member.subscribe({ error, complete }));
        if (subscriptions.closed) return;
      }

      const ask: AskMember<R> = (policy, verdict, next) => {
        const member = memberIn(members, policy, by);
        const told: { answer?: Verdict<R> } = {};
        let settle = (answer: Verdict<R>): void => {
          told.answer = answer;
        };
        const outer = fates;
        const ownFates: (() => void)[] = [];
        fates = ownFates;
        const forget = member.ask(verdict, (answer) => {
          settle(answer);
        });
        fates = outer;
        if (told.answer !== undefined && ownFates.length === 0) {
          return next === undefined ? told.answer : next(told.answer);
        }

        const answer$ = new Observable<Verdict<R>>((late) => {
          settle = (answer) => {
            late.next(answer);
            late.complete();
          };
          if (told.answer !== undefined) settle(told.answer);
          for (const fate of ownFates) fate();
          return forget;
        });
        return next === undefined ? answer$ : answer$.pipe(mergeMap((answer) => observed(next(answer))));
      };
      subscriptions.add(
        verdict$
          .pipe(
            decideEach<R>(by, (verdict) => decide(verdict, ask)),
            // A source that emits in the call of `subscribe` can be stopped in no other way.
            takeUntil(released),
          )
          .subscribe({
            next: (verdict) => {
              subscriber.next(verdict);
            },
            error: fail,
            complete: () => {
              if (subscriptions.closed) return;
              sourceEnded = true;
              for (const member of members.values()) member.end();
            },
          }),
      );
    });
  };

function memberIn<R>(members: Members<R>, policy: Policy<R>, by: PolicyName): MemberPolicy<R> {
  const member = members.get(policy);
  if (member === undefined) throw new TypeError(`${by} asked a policy that is no member of it`);
  return member;
}

/** A member that decides each verdict by itself answers each. */
function unanswered(by: PolicyName): never {
  throw new TypeError(`${by}: a policy in it completed without an answer`);
}

type Members<R> = ReadonlyMap<Policy<R>, MemberPolicy<R>>;
