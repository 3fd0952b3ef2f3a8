import { SshServerError } from '../../../errors.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type { SSHUserAuthRequest } from '../../../streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../streams/policy.js';
import type { AuthRequirement } from '../../../streams/requirements/auth-requirement.js';
import { parseAuthRequirement } from '../../../streams/requirements/parse-auth-requirement.js';
import { deny, withRequirement } from '../../../streams/verdict.js';
import { decideEach } from '../decide-each.js';
import { policyOptionError } from '../policy-option-error.js';
import { policyName, type PolicyOptions } from '../policy-options.js';

/** The expression for the user, the source or the hour of a request; undefined if one grant suffices. */
export type RequiredMethods = (request: SSHUserAuthRequest) => string | undefined;

/** Whatever users are called: an application that makes an expression for each of them must not fill the memory. */
const MAX_KNOWN = 256;

/**
 * Requires several proofs of whoever signs in, one after the other: `publickey+totp` (RFC 4252 section 5.1, AuthenticationMethods of
 * sshd_config(5)). Grants nothing and denies nothing; what others grant then is one step, and only the last lets somebody in.
 *
 * An expression has alternatives between `|`, and in each of them steps between `+`, which are passed in their order. A step is
 *
 * - a method: `password`, `publickey`, `keyboard-interactive`, `hostbased`;
 * - a key of a kind: `publickey:sk` (a security key), `publickey:cert` (a certificate), or of a type, such as
 *   `publickey:ssh-ed25519`;
 * - a method and the policy that has to grant it: `password:ldap`, `keyboard-interactive:recovery`;
 * - any other word, which is the name of a policy that asks by keyboard-interactive: `totp`.
 *
 * Every step takes a proof of its own: `publickey+publickey` two different keys. A certificate is the key in it. Of several
 * requirements, from one such policy or from several, all have to be met; a proof may be a step of each.
 *
 * Make it the first policy of the phase `limit`. Whatever is denied behind it then tells clients of the methods of the next steps alone,
 * and a credential whose turn has not come is not even looked at; it is denied with {@link DenyReason.MethodNotAllowed}. What is
 * granted and is no next step is denied so in any phase. A policy in front of it that denies ends the matter before anything is
 * required, and the client is told of all methods of the server: a list of names there would tell which names are on it. Of methods
 * that the server does not offer (`authMethods`) no client is told.
 *
 * A new password is asked for, and taken, in the last step alone: who knows a password and nothing else must not put another in its
 * place. So with `password+totp` a password that has to be changed gets nobody any further; with `totp+password` it is changed.
 *
 * It belongs beside {@link anyOf}, not into it: there it holds for the alternatives behind it as well. For some users or sources wrap it in {@link forUsers} or {@link forSources}, or give a function. A function that fails or answers with
 * what is no expression costs the request at hand, which is denied with {@link DenyReason.PolicyFailed}.
 *
 * @example
 * ```ts
 * const secondFactor = requireMethods('password+totp | publickey:sk');
 * const administrators = forUsers(['admin-*'], requireMethods('publickey+totp', { name: 'administrators' }));
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if the expression cannot be read or the name is empty.
 * @see {@link allOf}, which asks several policies about one request.
 */
export function requireMethods(
  required: string | RequiredMethods,
  options: PolicyOptions = {},
): Policy<SSHUserAuthRequest> {
  const by = policyName('requireMethods', options);
  if (typeof required === 'function') {
    const read = reader(by);
    const unknown = unmeetable(by);
    return decideEach(by, (verdict) => {
      try {
        const expression = required(verdict.request);
        return expression === undefined ? verdict : withRequirement(verdict, read(expression));
      } catch (cause) {
        return deny(withRequirement(verdict, unknown), by, DenyReason.PolicyFailed, cause ?? unnamed(by));
      }
    });
  }
  const requirement = requirementOf(required, by);
  return decideEach(by, (verdict) => withRequirement(verdict, requirement));
}

/** What nothing meets, for where nobody knows what is required: `anyOf` passes over who fails, and another would grant. */
const unmeetable = (by: string): AuthRequirement => ({
  by,
  expression: '',
  alternatives: [[{ method: 'publickey', key: '' }]],
});

/** For `throw undefined` and the like, which would leave no trace. */
const unnamed = (by: string): SshServerError =>
  new SshServerError('ERR_SSH_POLICY_FAILED', `${by} failed without an error`);

/** Reads each expression once. */
function reader(by: string): (expression: string) => AuthRequirement {
  const known = new Map<string, AuthRequirement>();
  return (expression) => {
    const requirement = known.get(expression) ?? requirementOf(expression, by);
    if (known.size < MAX_KNOWN) known.set(expression, requirement);
    return requirement;
  };
}

function requirementOf(expression: string, by: string): AuthRequirement {
  // A promise, or null from JavaScript, must not come to mean that nothing is required.
  if (typeof expression !== 'string') {
    throw policyOptionError(
      'requireMethods',
      'required',
      'must be an expression, or a function that makes one',
      expression,
    );
  }
  const reading = parseAuthRequirement(expression, by);
  if ('requirement' in reading) return reading.requirement;
  throw policyOptionError('requireMethods', 'required', reading.fault, expression);
}
