import type { Policy } from '../../../streams/policy.js';
import { type Answer, whenAnswered } from '../answer.js';
import { decideWith } from './decide-with.js';
import { requireFunction } from '../option-checks.js';
import { requirePolicy } from './policy-checks.js';

/**
 * Applies `policy` to the requests of which `predicate` says `true`, and `otherwise` to those of which it says `false`;
 * without `otherwise` these pass untouched.
 *
 * In doubt it denies, since it cannot know which policy is the strict one: a predicate that fails, completes without a value or
 * answers neither `true` nor `false` costs the request at hand, which is denied with {@link DenyReason.PolicyFailed}. Grants
 * nothing of its own. Requests overtake each other: only those that wait for the predicate or the policy wait.
 *
 * @example
 * ```ts
 * declare const verify: VerifyPassword;
 *
 * const notRoot = when((request) => request.user !== 'root', grantPassword(verify));
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an argument is not a function.
 * @see {@link forUsers}, {@link forSources}
 */
export function when<R>(
  predicate: (request: R) => Answer<boolean>,
  policy: Policy<R>,
  otherwise?: Policy<R>,
): Policy<R> {
  requireFunction('when', 'predicate', predicate);
  requirePolicy('when', 'policy', policy);
  if (otherwise !== undefined) requirePolicy('when', 'otherwise', otherwise);

  return decideWith('when', otherwise === undefined ? [policy] : [policy, otherwise], (verdict, ask) =>
    whenAnswered(predicate(verdict.request), (yes) => {
      if (yes === true) return ask(policy, verdict);
      if (yes === false) return otherwise === undefined ? verdict : ask(otherwise, verdict);
      throw new TypeError('the predicate answered neither true nor false');
    }),
  );
}
