import { isObservable, map, type Observable } from 'rxjs';

import type { Held } from '../../../streams/held.js';
import { isLasting, lastingLease } from '../../../streams/lasting-lease.js';
import type { Lease, LeaseSignal } from '../../../streams/lease.js';
import type { Policy } from '../../../streams/policy.js';
import { type Restriction, restrictionOf, restrictWith } from '../../../streams/restriction.js';
import type { PolicyName, Verdict } from '../../../streams/verdict.js';
import { decideWith } from './decide-with.js';
import { requirePolicy } from './policy-checks.js';
import { requireName } from '../policy-options.js';

/**
 * Gives a policy a name of its own in logs and in the audit trail: what it decides goes by that name.
 *
 * Its grants, its denials and the revocations by leases that it attaches. What others have decided keeps their names. For
 * combinations such as {@link anyOf}, and to tell two uses of one policy apart.
 *
 * @example
 * ```ts
 * const office = named('office', forSources(['192.0.2.0/24'], rateLimit<ConnectionRequest>({
 *   limit: 10,
 *   windowMs: 60_000,
 *   keyOf: (request) => request.connection.remoteAddress,
 * })));
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if the name is empty or `policy` is not a function.
 */
export function named<R>(name: PolicyName, policy: Policy<R>): Policy<R> {
  requireName('named', 'name', name);
  requirePolicy('named', 'policy', policy);
  // A lease that is attached to many verdicts stays one and the same.
  const renamed = new WeakMap<Lease, Lease>();
  const rename = (lease: Lease): Lease => {
    const known = renamed.get(lease) ?? revokedBy(name, lease);
    renamed.set(lease, known);
    return known;
  };

  return decideWith(name, [policy], (verdict, ask) =>
    ask(policy, verdict, (answer): Verdict<R> => {
      if (answer.state === 'denied') return { ...answer, by: name };
      const leases = answer.leases.map((lease) => (verdict.leases.includes(lease) ? lease : rename(lease)));
      if (verdict.state === 'granted') return { ...answer, leases };
      if (answer.state === 'granted') return { ...answer, leases, by: name };
      const { declined } = answer;
      const isNews = declined !== undefined && verdict.declined === undefined;
      return isNews ? { ...answer, leases, declined: { ...declined, by: name } } : { ...answer, leases };
    }),
  );
}

function revokedBy(by: PolicyName, lease: Lease): Lease {
  const restriction = restrictionOf(lease);
  // It says nothing, and must not get lost. Not spread: what it restricts may be in methods. Object.create knows no types.
  if (restriction !== undefined) return restrictWith(Object.create(restriction, { by: { value: by } }) as Restriction);
  const rename = map((signal: LeaseSignal): LeaseSignal => (signal.type === 'revoke' ? { ...signal, by } : signal));
  if (isObservable(lease)) return rename(lease);
  const named = (held: Held): Observable<LeaseSignal> => rename(lease(held));
  return isLasting(lease) ? lastingLease(named) : named;
}
