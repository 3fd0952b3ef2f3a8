import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { Policy } from '../../../streams/policy.js';
import type { DeniedVerdict, Verdict } from '../../../streams/verdict.js';
import type { Answer } from '../answer.js';
import { decideWith } from './decide-with.js';
import { declinedBy } from './declined-by.js';
import { requirePolicies } from './policy-checks.js';

/**
 * Grants what one of `policies` grants: alternatives, each with conditions of its own.
 *
 * The policies are asked one after the other, each about the verdict as it came in, until one grants; its leases and
 * what it serves count, those of the others do not. A denial only means that this alternative is none. If nobody grants,
 * the request is denied with the first denial if there was one, and stays open as it came in if not. To accept an offered
 * key or to ask questions counts as a grant does. A granted verdict is left to the first policy that does not deny it, so it
 * is denied only if all deny it.
 *
 * A policy that fails, with {@link DenyReason.PolicyFailed}, is passed over like any other that denies: the others may
 * still grant, and if none does the request is denied. What it failed of is then reported as an `Error` event.
 * A policy that stays silent keeps the later ones from being asked, until the server denies the request; one that errors
 * ends the whole, so the server denies what is under way.
 *
 * A policy that only attaches leases never grants, so it belongs beside `anyOf`, not into it.
 *
 * @example
 * ```ts
 * declare const verify: VerifyPassword;
 *
 * const signIn = anyOf(
 *   allOf(grantPassword(verify), grantWhen((request) => request.connection.remoteAddress === '127.0.0.1')),
 *   grantPublicKey('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUpgMoQnTzOWWWqSmVpTeS1uYyZMF9BTQYIEsdfVRzq ann'),
 * );
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, without policies.
 * @see {@link allOf}
 */
export function anyOf<R extends SshRequest>(...policies: readonly Policy<R>[]): Policy<R> {
  requirePolicies('anyOf', policies);

  return decideWith('anyOf', policies, (verdict, ask) => {
    const askFrom = (
      index: number,
      refusals: readonly DeniedVerdict<R>[],
      open: readonly Verdict<R>[],
    ): Answer<Verdict<R>> => {
      const policy = policies[index];
      const [first, ...others] = refusals;
      if (policy === undefined) {
        reportFailures(others);
        return first ?? declinedBy(verdict, open);
      }
      return ask(policy, verdict, (answer) => {
        if (answer.state === 'denied') return askFrom(index + 1, [...refusals, answer], open);
        if (answer.state === 'open') return askFrom(index + 1, refusals, [...open, answer]);
        reportFailures(refusals);
        return answer;
      });
    };
    return askFrom(0, [], []);
  });
}

/** The server learns of the failure behind a denial that it gets; of these it gets none. */
function reportFailures(refusals: readonly DeniedVerdict<SshRequest>[]): void {
  for (const { request, by, cause, context } of refusals) {
    if (cause !== undefined) context?.report({ type: 'failure', request, by, cause });
  }
}
