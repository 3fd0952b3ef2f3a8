import { catchError, map, of } from 'rxjs';
import {
  decideEach,
  decline,
  DenyReason,
  grant,
  type PasswordAuthRequest,
  type Policy,
  type SSHUserAuthRequest,
  type Verdict,
  withLease,
} from 'rxsshd';

import { accountLease } from './account-lease.js';
import { asking } from './asking.js';
import type { LdapDirectory } from './ldap-directory.js';
import { requireChoice, requireDirectory } from './policy-option-checks.js';
import { readRecheck, type RecheckOptions } from './recheck-options.js';
import { whileConnected } from './while-connected.js';

/** Options of {@link grantLdapPassword}. */
export interface GrantLdapPasswordOptions extends RecheckOptions {
  /**
   * What becomes of passwords that the directory cannot be asked about. `deny` (default): nobody else is asked either. `decline`:
   * they are left to other policies, such as one for accounts of an emergency, and the failure is reported as an `Error` event.
   */
  readonly whenAway?: 'deny' | 'decline';
}

/**
 * Grants passwords that a directory confirms, of accounts that may be used (RFC 4513 section 5.1.3, RFC 4252 section 8). The others
 * are left to other policies, and denied with `bad-credential` if none grants them: a wrong password, an unknown user, a
 * disabled account, a group that is missing.
 *
 * While the directory is away, passwords are denied with `policy-failed` and an `Error` event. With `recheckMs` the directory is
 * asked again while the session lasts, and the session ends with the account. Requests of other methods pass untouched, and so does
 * the answer to a request to change the password.
 *
 * @example
 * ```ts
 * import { grantLdapPassword, type LdapDirectory } from '@rxsshd/ldap';
 *
 * declare const directory: LdapDirectory;
 *
 * const signIn = decide('SSHUserAuthRequest', grantLdapPassword(directory, { recheckMs: 300_000 }));
 * ```
 *
 * @throws SshServerError `ERR_SSH_POLICY_OPTION`, when called, if an option is wrong
 */
export function grantLdapPassword(
  directory: Pick<LdapDirectory, 'verify' | 'find'>,
  options: GrantLdapPasswordOptions = {},
): Policy<SSHUserAuthRequest> {
  const { name: by = 'grantLdapPassword', clock, whenAway = 'deny' } = options;
  requireDirectory('grantLdapPassword', directory);
  requireChoice('grantLdapPassword', 'whenAway', whenAway, ['deny', 'decline']);
  const recheck = readRecheck('grantLdapPassword', options);

  const granted = (verdict: Verdict<SSHUserAuthRequest>, request: PasswordAuthRequest): Verdict<SSHUserAuthRequest> => {
    const yes = grant<SSHUserAuthRequest>(verdict, request, by);
    if (recheck === undefined) return yes;
    const { context } = verdict;
    const lease = accountLease({
      ...{ ...recheck, by, clock },
      find: (signal) => directory.find(request.user, { signal, isRecheck: true }),
      onFailure: (cause) => context?.report({ type: 'failure', request, by, cause }),
    });
    return withLease<SSHUserAuthRequest>(yes, lease);
  };

  return decideEach<SSHUserAuthRequest>(by, (verdict) => {
    const { request, context } = verdict;
    if (verdict.state !== 'open' || request.method !== 'password' || request.newPassword !== undefined) return verdict;

    const refused = decline<SSHUserAuthRequest>(verdict, by, DenyReason.BadCredential);
    const recollection = context?.recall?.(request, by);
    // Of recorded traffic, whose accounts are of the past: nothing is asked again.
    if (recollection !== undefined) {
      return recollection === 'right' ? grant<SSHUserAuthRequest>(verdict, request, by) : refused;
    }
    const answer$ = asking((signal) => directory.verify(request.user, request.password.expose(), { signal })).pipe(
      map((account) => (account === undefined ? refused : granted(verdict, request))),
    );
    const decided$ =
      whenAway === 'deny'
        ? answer$
        : answer$.pipe(
            catchError((cause: unknown) => {
              context?.report({ type: 'failure', request, by, cause });
              return of(decline<SSHUserAuthRequest>(verdict, by, DenyReason.PolicyFailed));
            }),
          );
    return whileConnected(by, verdict, decided$);
  });
}
