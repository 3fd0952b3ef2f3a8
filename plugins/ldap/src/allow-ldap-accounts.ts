import { map } from 'rxjs';
import { decideEach, deny, DenyReason, type Policy, type SSHUserAuthRequest, withLease } from 'rxsshd';

import { accountLease } from './account-lease.js';
import { asking } from './asking.js';
import type { LdapDirectory } from './ldap-directory.js';
import { requireDirectory } from './policy-option-checks.js';
import { readRecheck, type RecheckOptions } from './recheck-options.js';
import { whileConnected } from './while-connected.js';

const USUAL_RECHECK_MS = 300_000;

/**
 * Allows sign-ins of accounts in the directory that may be used, whatever the credential was, and ends their sessions with the
 * account. Denies all others with `user-not-allowed`; grants nothing. For keys and certificates from elsewhere.
 *
 * Place it behind the policies that look at credentials, as the phase `authorize` does: before them it would answer sooner for users
 * who do not exist. Offered keys, and who is about to be asked, pass untouched. While the directory is away, it denies with `policy-failed`
 * and an `Error` event; how long sessions go on is said by `maxUnconfirmedMs`.
 *
 * @example
 * ```ts
 * import { allowLdapAccounts, type LdapDirectory, ldapKeys } from '@rxsshd/ldap';
 *
 * declare const directory: LdapDirectory;
 *
 * const signIn = [
 *   decide('SSHUserAuthRequest', grantPublicKey(ldapKeys(directory))),
 *   decide('SSHUserAuthRequest', allowLdapAccounts(directory), { phase: 'authorize' }),
 * ];
 * ```
 *
 * @throws SshServerError `ERR_SSH_POLICY_OPTION`, when called, if an option is wrong
 */
export function allowLdapAccounts(
  directory: Pick<LdapDirectory, 'verify' | 'find'>,
  options: RecheckOptions = {},
): Policy<SSHUserAuthRequest> {
  const { name: by = 'allowLdapAccounts', clock } = options;
  requireDirectory('allowLdapAccounts', directory);
  const recheck = readRecheck('allowLdapAccounts', options, USUAL_RECHECK_MS);

  return decideEach<SSHUserAuthRequest>(by, (verdict) => {
    const { request, context } = verdict;
    const isQuestion = verdict.state === 'granted' && verdict.challenge !== undefined;
    // What was recorded is of accounts of the past.
    if (isQuestion || provesNothing(request) || context?.recall !== undefined) return verdict;

    const { user } = request;
    const decided$ = asking((signal) => directory.find(user, { signal })).pipe(
      map((account) => {
        if (account === undefined) return deny<SSHUserAuthRequest>(verdict, by, DenyReason.UserNotAllowed);
        if (recheck === undefined) return verdict;
        const onFailure = (cause: unknown) => context?.report({ type: 'failure', request, by, cause });
        const find = (signal: AbortSignal) => directory.find(user, { signal, isRecheck: true });
        return withLease<SSHUserAuthRequest>(verdict, accountLease({ ...recheck, by, clock, find, onFailure }));
      }),
    );
    return whileConnected(by, verdict, decided$);
  });
}

/** Nobody can be let in by such a request, and to look at it would tell which users exist. */
const provesNothing = (request: SSHUserAuthRequest): boolean =>
  request.method === 'other' || ('stage' in request && !['proven', 'answered'].includes(request.stage));
