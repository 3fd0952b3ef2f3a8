import { catchError, from, of } from 'rxjs';

import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { PolicyName, Verdict } from '../../../streams/verdict.js';
import { type Answer, isPending } from '../answer.js';

/** Options of a policy that has to decide even if its store fails. */
export interface StoreFailureOption {
  /**
   * What a request gets when the store fails. Default `deny`, with {@link DenyReason.PolicyFailed} and the failure as
   * `cause`. With `allow` it passes and the failure is an `Error` event of the server; whoever can bring the store down
   * is then held up no longer.
   */
  readonly onStoreFailure?: 'deny' | 'allow';
}

/** Decides by a store; lets `verdict` pass if that fails and the policy was told so, and reports the failure. */
export function passOnFailure<R>(
  { onStoreFailure = 'deny' }: StoreFailureOption,
  by: PolicyName,
  verdict: Verdict<R>,
  decide: () => Answer<Verdict<R>>,
): Answer<Verdict<R>> {
  if (onStoreFailure === 'deny') return decide();

  const pass = (cause: unknown): Verdict<R> => {
    // Only a server gives a context, and it asks about nothing but its own requests.
    verdict.context?.report({ type: 'failure', request: verdict.request as SshRequest, by, cause });
    return verdict;
  };
  try {
    const answer = decide();
    return isPending(answer) ? from(answer).pipe(catchError((cause: unknown) => of(pass(cause)))) : answer;
  } catch (cause) {
    return pass(cause);
  }
}
