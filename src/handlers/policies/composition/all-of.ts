import { isGrantable } from '../../../streams/is-grantable.js';
import type { Policy } from '../../../streams/policy.js';
import { withRequirementsOf } from '../../../streams/requirements/with-requirements-of.js';
import type { GrantedVerdict, PolicyName, Verdict } from '../../../streams/verdict.js';
import type { Answer } from '../answer.js';
import type { UndeniedVerdict } from '../decide-each.js';
import { decideWith } from './decide-with.js';
import { declinedBy } from './declined-by.js';
import { requirePolicies } from './policy-checks.js';

/**
 * Grants what all of `policies` grant: a key *and* an address, a password *and* working hours.
 *
 * The policies are asked one after the other, each about the verdict as it came in, so a grant by one does not spare the
 * others. The first denial is final, and the rest are then not asked. If one of them has no opinion, the request stays
 * open: a policy that only denies or only attaches leases never grants, so it belongs beside `allOf`, not into it. The
 * leases of all are merged; they stay even where a grant does not count, since a lease only ever takes away. Of several
 * services or challenges the first counts. The grant goes by the names of all, such as `grantPublicKey and office`.
 *
 * One request has to satisfy all policies, so this is not multi-factor authentication: a password and a key come in two
 * requests, and neither is granted. A request that proves nothing, such as a key that was only offered, cannot be granted
 * by anybody; to accept the offer or to ask questions it is enough that one policy does and none denies. The proof
 * that follows needs all of them. A granted verdict is denied if one of the policies denies it.
 *
 * A policy that stays silent holds the request; one that errors ends the whole, so the server denies what is under way.
 *
 * @example
 * ```ts
 * declare const isInOffice: (address: string) => boolean;
 *
 * const keyInTheOffice = allOf(
 *   grantPublicKey('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUpgMoQnTzOWWWqSmVpTeS1uYyZMF9BTQYIEsdfVRzq ann'),
 *   grantWhen((request) => isInOffice(request.connection.remoteAddress), { name: 'office' }),
 * );
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, without policies.
 * @see {@link anyOf}
 */
export function allOf<R>(...policies: readonly Policy<R>[]): Policy<R> {
  requirePolicies('allOf', policies);

  return decideWith('allOf', policies, (verdict, ask) => {
    const askFrom = (index: number, answers: readonly UndeniedVerdict<R>[]): Answer<Verdict<R>> => {
      const policy = policies[index];
      if (policy === undefined) return agreementOn(verdict, answers);
      return ask(policy, verdict, (answer) =>
        answer.state === 'denied' ? withRequirementsOf(answer, answers) : askFrom(index + 1, [...answers, answer]),
      );
    };
    return askFrom(0, []);
  });
}

/** What becomes of `verdict` after `answers` that do not deny it. */
function agreementOn<R>(verdict: UndeniedVerdict<R>, answers: readonly UndeniedVerdict<R>[]): Verdict<R> {
  const leases = [...new Set([...verdict.leases, ...answers.flatMap((answer) => answer.leases)])];
  const grants = answers.filter((answer) => answer.state === 'granted');
  // Nobody can grant what proves nothing, so there an open answer is no objection.
  const needed = isGrantable(verdict.request) ? answers.length : 1;
  if (grants.length < needed) return withRequirementsOf(declinedBy({ ...verdict, leases }, answers), answers);

  const { serve } = grants.find((answer) => answer.serve !== undefined) ?? {};
  const { challenge } = grants.find((answer) => answer.challenge !== undefined) ?? {};
  const { passwordChange } = grants.find((answer) => answer.passwordChange !== undefined) ?? {};
  const { request, context } = verdict;
  const granted: GrantedVerdict<R> = {
    state: 'granted',
    request,
    ...(context === undefined ? {} : { context }),
    leases,
    by: verdict.state === 'granted' ? verdict.by : jointName(grants),
    ...(serve === undefined ? {} : { serve }),
    ...(challenge === undefined ? {} : { challenge }),
    ...(passwordChange === undefined ? {} : { passwordChange }),
  };
  // Each of them has those that the verdict came with.
  return withRequirementsOf(granted, answers);
}

const jointName = (grants: readonly GrantedVerdict<unknown>[]): PolicyName =>
  [...new Set(grants.map((answer) => answer.by))].join(' and ');
