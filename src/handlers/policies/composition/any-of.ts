import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { Policy } from '../../../streams/policy.js';
import { withRequirementsOf } from '../../../streams/requirements/with-requirements-of.js';
import type { DeniedVerdict, OpenVerdict, Verdict } from '../../../streams/verdict.js';
import type { Answer } from '../answer.js';
import { decideWith } from './decide-with.js';
import { declinedBy } from './declined-by.js';
import { requirePolicies } from './policy-checks.js';

/**
 * Grants what one of `policies` grants: alternatives, each with conditions of its own.
 *
 * The policies are asked one after the other, each about the verdict as it came in, until one grants; its leases and
 * what it serves count, those of the others do not. To accept an offered key or to ask questions counts as a grant does. A
 * denial only means that this alternative is none. If all deny, so does `anyOf`, as the first of them. If nobody grants and
 * one does not deny, the request stays open, declined for the first reason that one of them gave, and policies beside `anyOf`
 * may still grant it. A granted verdict is left to the first policy that does not deny it.
 *
 * A policy that fails, with {@link DenyReason.PolicyFailed}, is passed over like any other that denies. What it failed of is
 * then reported as an `Error` event.
 * A policy that stays silent keeps the later ones from being asked, until the server denies the request; one that errors
 * ends the whole, so the server denies what is under way.
 *
 * A policy that only attaches leases never grants, so it belongs beside `anyOf`, not into it. So does {@link requireMethods}: what one
 * of them requires holds whoever grants, even if it denies itself, so no alternative is a way around it. Only those behind the one
 * that grants are not asked. Alternative steps are written in one expression, `password+totp | publickey:sk`.
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
    /** @param refusals - What those before `index` have answered: none has granted. */
    const askFrom = (index: number, refusals: readonly (OpenVerdict<R> | DeniedVerdict<R>)[]): Answer<Verdict<R>> => {
      const policy = policies[index];
      if (policy === undefined) return withoutGrant(verdict, refusals);
      return ask(policy, verdict, (answer) => {
        if (answer.state !== 'granted') return askFrom(index + 1, [...refusals, answer]);
        reportFailures(refusals);
        return withRequirementsOf(answer, refusals);
      });
    };
    return askFrom(0, []);
  });
}

/**
 * What becomes of `verdict` if none of the alternatives grants it. Denied only if all deny: one that has no opinion on an
 * open verdict has none on a granted one, so whoever grants may stand before `anyOf` or after it.
 */
function withoutGrant<R extends SshRequest>(
  verdict: Verdict<R>,
  refusals: readonly (OpenVerdict<R> | DeniedVerdict<R>)[],
): Verdict<R> {
  const [first, ...others] = refusals;
  if (first?.state === 'denied' && others.every(({ state }) => state === 'denied')) {
    reportFailures(others);
    return withRequirementsOf(first, refusals);
  }
  reportFailures(refusals);
  return withRequirementsOf(declinedBy(verdict, refusals), refusals);
}

/** The server learns of the failure behind a denial that it gets; of these it gets none. */
function reportFailures(refusals: readonly (OpenVerdict<SshRequest> | DeniedVerdict<SshRequest>)[]): void {
  for (const refusal of refusals) {
    if (refusal.state !== 'denied' || refusal.cause === undefined) continue;
    const { request, by, cause, context } = refusal;
    context?.report({ type: 'failure', request, by, cause });
  }
}
