import { decideEach, type Policy, type SSHUserAuthRequest } from 'rxsshd';

import { type OidcDeviceFlowOptions, readOptions } from './flow-options.js';
import { SignIns } from './sign-ins.js';

/**
 * Lets users sign in at an OpenID provider, in a browser of their own, by the OAuth 2.0 device flow (RFC 8628) over
 * keyboard-interactive (RFC 4256).
 *
 * The user is shown an address and a code, and presses Enter once signed in there; the provider is asked meanwhile, as often as it
 * wants to be. Its ID token is verified (issuer, audience, times, signature, nonce), and `userOf` says whose it is. Who is somebody
 * else is denied with `bad-credential`; who does not sign in within `deadlineMs`, or refuses, with `not-approved`; sign-ins beyond the
 * caps with `limit-reached`. Whether a user exists makes no difference to anybody.
 *
 * While the provider is away, or has sent what makes no sense, the request is denied with `policy-failed` and an `Error` event without
 * tokens in it. Requests of other methods pass untouched. A sign-in ends, and the provider is asked no more, once anything else is
 * begun or decided on its connection, by whatever policy, and with the connection.
 *
 * `authMethods` of the server has to name `keyboard-interactive`, and `loginGraceMs` has to be longer than `deadlineMs`.
 *
 * @example
 * ```ts
 * import { oidcDeviceFlow } from '@rxsshd/oidc';
 *
 * const signIn = decide(
 *   'SSHUserAuthRequest',
 *   oidcDeviceFlow({
 *     issuer: 'https://login.example.com',
 *     clientId: 'ssh',
 *     scopes: ['profile'],
 *     userOf: ({ preferred_username: name }) => (typeof name === 'string' ? name : undefined),
 *   }),
 * );
 * ```
 *
 * @throws SshServerError `ERR_SSH_POLICY_OPTION`, when called, if an option is wrong
 */
export function oidcDeviceFlow(options: OidcDeviceFlowOptions): Policy<SSHUserAuthRequest> {
  const read = readOptions(options);
  const signIns = new SignIns(read);
  return decideEach<SSHUserAuthRequest>(read.by, (verdict) => {
    const { request } = verdict;
    if (verdict.state !== 'open' || request.method !== 'keyboard-interactive') {
      // It abandons the attempt before it (RFC 4252 section 5.1), or somebody else has decided it.
      signIns.abandon(request);
      return verdict;
    }
    if (verdict.context?.recall !== undefined) return signIns.recall(verdict, request);
    return request.stage === 'started' ? signIns.begin(verdict, request) : signIns.finish(verdict, request);
  });
}
