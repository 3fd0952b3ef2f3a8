import { SshServerError } from '../../errors.js';
import { isCertificateType } from '../../protocol/authentication/certificate-type.js';
import { isPublicKeyType } from '../../protocol/authentication/public-key-fields.js';
import type { PolicyName } from '../verdict.js';
import { type AuthRequirement, type AuthStep, STEP_METHODS, type StepMethod } from './auth-requirement.js';

/** What an expression may hold. Nobody needs more, and each proof is compared with each step. */
const MAX_ALTERNATIVES = 16;
const MAX_STEPS = 8;

/** The requirement, or why the expression is none: the end of a sentence that begins with it. */
export type AuthRequirementReading = { readonly requirement: AuthRequirement } | { readonly fault: string };

/**
 * Reads an expression: alternatives between `|`, and in each of them steps between `+`, in their order.
 *
 * A step is a method (`password`, `publickey`, `keyboard-interactive`, `hostbased`); a method and, behind a colon, the policy that has
 * to grant it (`password:ldap`) or, of a key, its kind (`publickey:sk`, `publickey:cert`, `publickey:ssh-ed25519`); or a word,
 * which is the name of a policy that asks by keyboard-interactive (`totp`).
 *
 * @param by - The policy that requires it.
 */
export function parseAuthRequirement(expression: string, by: PolicyName): AuthRequirementReading {
  const texts = expression.split('|').map((alternative) => alternative.split('+').map((step) => step.trim()));
  if (texts.length > MAX_ALTERNATIVES) return { fault: `has more than ${String(MAX_ALTERNATIVES)} alternatives` };
  const alternatives: (readonly AuthStep[])[] = [];
  for (const steps of texts) {
    const reading = readSteps(steps);
    if (typeof reading === 'string') return { fault: reading };
    alternatives.push(reading);
  }
  return { requirement: { by, expression: texts.map((steps) => steps.join('+')).join(' | '), alternatives } };
}

/**
 * Makes a requirement of an expression such as `password+totp | publickey:sk`, for {@link withRequirement} in a policy of your own.
 * What an expression may hold is said at {@link requireMethods}.
 *
 * @example
 * ```ts
 * const twoFactors = authRequirement('publickey+totp', 'administrators');
 * const administrators = decideEach<SSHUserAuthRequest>('administrators', (verdict) =>
 *   verdict.request.user.startsWith('admin-') ? withRequirement(verdict, twoFactors) : verdict,
 * );
 * ```
 *
 * @param by - The policy that requires it, for the audit trail.
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if the expression cannot be read.
 */
export function authRequirement(expression: string, by: PolicyName): AuthRequirement {
  const reading = parseAuthRequirement(expression, by);
  if ('requirement' in reading) return reading.requirement;
  const text = `authRequirement: the expression ${JSON.stringify(expression)} ${reading.fault}`;
  throw new SshServerError('ERR_SSH_POLICY_OPTION', text);
}

function readSteps(texts: readonly string[]): readonly AuthStep[] | string {
  if (texts.length > MAX_STEPS) return `has an alternative of more than ${String(MAX_STEPS)} steps`;
  const steps: AuthStep[] = [];
  for (const text of texts) {
    const step = readStep(text);
    if (typeof step === 'string') return step;
    // The second would have to be another proof, and the same policy has none.
    if (step.policy !== undefined && steps.some((it) => it.policy === step.policy && it.method === step.method)) {
      return `has the step '${text}' twice in one alternative`;
    }
    steps.push(step);
  }
  return steps;
}

function readStep(text: string): AuthStep | string {
  if (text === '') return 'has an empty step';
  if (text.includes(',')) return `separates by a comma in '${text}': steps stand between +, alternatives between |`;
  if (/\s/.test(text)) return `has a space within the step '${text}': steps stand between +, alternatives between |`;
  const colon = text.indexOf(':');
  const name = colon === -1 ? text : text.slice(0, colon);
  const method = STEP_METHODS.find((it) => it === name);
  if (colon === -1) return method === undefined ? readPolicy(name) : { method };
  const qualifier = text.slice(colon + 1);
  if (qualifier === '') return `says nothing behind the colon of '${text}'`;
  if (method === undefined)
    return `has '${name}:' in front of '${qualifier}', which is none of ${STEP_METHODS.join(', ')}`;
  return readQualifier(method, qualifier);
}

/** A word by itself. `none` proves nothing, so nobody means a policy of that name. */
const readPolicy = (policy: string): AuthStep | string =>
  policy === 'none' ? "has the step 'none', which proves nothing" : { method: 'keyboard-interactive', policy };

function readQualifier(method: StepMethod, qualifier: string): AuthStep | string {
  if (method !== 'publickey') return { method, policy: qualifier };
  const isKind = qualifier === 'sk' || qualifier === 'cert';
  if (isKind || isPublicKeyType(qualifier) || isCertificateType(qualifier)) return { method, key: qualifier };
  return `has '${qualifier}' behind 'publickey:', where sk, cert or the type of a key may stand, such as ssh-ed25519`;
}
