import { catchError, type MonoTypeOperatorFunction, of } from 'rxjs';

import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { PolicyName, Verdict } from '../../../streams/verdict.js';

/** Options of a policy that has to decide even if its store fails. */
export interface StoreFailureOption {
  /**
   * What a request gets when the store fails. Default `deny`, with {@link DenyReason.PolicyFailed} and the failure as
   * `cause`. With `allow` it passes and the failure is an `Error` event of the server; whoever can bring the store down
   * is then held up no longer.
   */
  readonly onStoreFailure?: 'deny' | 'allow';
}

/** Lets `verdict` pass if the store fails and the policy was told so, and reports the failure. */
export const passOnFailure = <R>(
  { onStoreFailure = 'deny' }: StoreFailureOption,
  by: PolicyName,
  verdict: Verdict<R>,
): MonoTypeOperatorFunction<Verdict<R>> =>
  catchError((cause: unknown) => {
    if (onStoreFailure === 'deny') throw cause;
    // Only a server gives a context, and it asks about nothing but its own requests.
    verdict.context?.report({ type: 'failure', request: verdict.request as SshRequest, by, cause });
    return of(verdict);
  });
