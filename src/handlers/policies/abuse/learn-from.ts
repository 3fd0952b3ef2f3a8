import { defer, type Observable, type Subscription } from 'rxjs';

import { EachVerdict } from '../../../streams/each-verdict.js';
import type { EventStreams } from '../../../streams/event-streams.js';
import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { Policy } from '../../../streams/policy.js';
import type { PolicyContext } from '../../../streams/policy-context.js';
import type { PolicyName, Verdict } from '../../../streams/verdict.js';

/** Something to remember. */
export interface Lesson {
  /** What it is about, for the report of a failure. */
  readonly request: SshRequest;
  /** Remembers it: subscribed to once, at once. May throw or error. */
  readonly learn: () => Observable<unknown>;
}

interface School {
  readonly subscription: Subscription;
  /** The sets of policies of this server that the learning policy belongs to. */
  readonly contexts: Set<PolicyContext>;
}

/**
 * Makes a policy learn from the servers that it works for: `lessonsOf` is subscribed once per server, from the first
 * verdict on, denied ones included, until all policies of the server that the policy is among have retired.
 *
 * What is learnt so does not depend on the subscriptions of the policy: a failure further down the chain, which ends them,
 * costs no event. While policies are being replaced a server has two contexts, and still no event counts twice. A lesson
 * that fails is reported, and the next one is learnt.
 */
export function learnFrom<R>(
  by: PolicyName,
  lessonsOf: (server: Pick<PolicyContext, 'clock' | 'denials' | 'events'>) => Observable<Lesson>,
  policy: Policy<R>,
): Policy<R> {
  const schools = new WeakMap<EventStreams, School>();
  /** Of the last verdict, and nearly always of the next. */
  let attended: PolicyContext | undefined;

  const attend = (context: PolicyContext): void => {
    attended = context;
    const known = schools.get(context.events);
    if (known?.contexts.has(context) === true) return;

    const { contexts, subscription } = known ?? {
      contexts: new Set(),
      subscription: lessonsOf(context).subscribe((lesson) => {
        take(by, lesson, context);
      }),
    };
    contexts.add(context);
    schools.set(context.events, { contexts, subscription });
    context.retired.subscribe(() => {
      if (attended === context) attended = undefined;
      contexts.delete(context);
      if (contexts.size > 0) return;
      schools.delete(context.events);
      subscription.unsubscribe();
    });
  };

  const look = (verdict: Verdict<R>): Verdict<R> => {
    const { context } = verdict;
    if (context !== undefined && context !== attended) attend(context);
    return verdict;
  };
  return (verdict$) => policy(new EachVerdict(verdict$, look));
}

/** Not part of the stream of lessons: what has begun is finished even if the policies retire meanwhile. */
function take(by: PolicyName, { request, learn }: Lesson, context: PolicyContext): void {
  defer(learn).subscribe({
    error: (cause: unknown) => {
      context.report({ type: 'failure', request, by, cause });
    },
  });
}
