import { isCertificateType } from '../../protocol/authentication/certificate-type.js';
import { DenyReason } from '../deny-reason.js';
import type { SSHUserAuthRequest } from '../events/ssh-user-auth-request.js';
import type { Declined, GrantedVerdict } from '../verdict.js';
import type { AuthRequirement, AuthStep } from './auth-requirement.js';
import { passedStepOf, type PassedStep, shownStepOf, type ShownStep } from './passed-step.js';

const NOTHING: readonly PassedStep[] = [];

/** The requirements among `requires` that `steps`, in this order, do not meet. */
export const unmetBy = (
  requires: readonly AuthRequirement[],
  steps: readonly ShownStep[],
): readonly AuthRequirement[] =>
  requires.filter(({ alternatives }) => !alternatives.some((wanted) => progress(wanted, steps) === wanted.length));

/**
 * The methods that bring somebody further who has passed `steps`: those of the next steps of every alternative that can still be
 * completed. In the order of `offered`, and none but these. If nothing is missing, all of them.
 *
 * @param offered - the methods of the server; what needs another one is no alternative
 */
export function methodsThatContinue(
  requires: readonly AuthRequirement[],
  steps: readonly ShownStep[],
  offered: readonly string[],
): readonly string[] {
  const unmet = unmetBy(requires, steps);
  if (unmet.length === 0) return offered;
  const wanted = new Set<string>();
  for (const { alternatives } of unmet) {
    for (const alternative of alternatives) {
      const missing = alternative.slice(progress(alternative, steps));
      const [next] = missing;
      if (next !== undefined && missing.every(({ method }) => offered.includes(method))) wanted.add(next.method);
    }
  }
  return offered.filter((method) => wanted.has(method));
}

/**
 * Why `request` cannot bring anybody further, whoever grants it; undefined if it may. What proves nothing to begin with is left to
 * the policies.
 */
export function detour(requires: readonly AuthRequirement[], request: SSHUserAuthRequest): Declined | undefined {
  if (request.method === 'none' || request.method === 'other') return undefined;
  const { passed = NOTHING } = request;
  const step = shownStepOf(request);
  const isChange = request.method === 'password' && request.newPassword !== undefined;
  return astray(requires, passed, step) ?? (isChange ? leftBehind(requires, passed, step) : undefined);
}

/**
 * What is missing where a policy has granted: `partial` if more steps have to follow, a reason if this was none that brings anybody
 * further, or would ask for a new password before the last step; undefined if nothing is missing.
 *
 * @param isProvisional - whether the grant lets nobody in by itself; then the step is still to be passed, perhaps with
 * the grant of another policy
 */
export function shortcomingOf(
  { requires, request, by, passwordChange }: GrantedVerdict<unknown>,
  isProvisional: boolean,
): Declined | 'partial' | undefined {
  if (requires === undefined || !isAuthRequest(request)) return undefined;
  const { passed = NOTHING } = request;
  const isChange = passwordChange !== undefined;
  if (isProvisional && !isChange) return astray(requires, passed, shownStepOf(request));
  const step = passedStepOf(request, by);
  const declined = astray(requires, passed, step);
  if (declined !== undefined) return declined;
  const left = leftBehind(requires, passed, step);
  return left === undefined || isChange ? left : 'partial';
}

/** Policies know their request; what is made of policies may not. */
const isAuthRequest = (request: unknown): request is SSHUserAuthRequest =>
  typeof request === 'object' && request !== null && 'type' in request && request.type === 'SSHUserAuthRequest';

function astray(
  requires: readonly AuthRequirement[],
  passed: readonly PassedStep[],
  step: ShownStep,
): Declined | undefined {
  const unmet = unmetBy(requires, passed);
  const [first] = unmet;
  if (first === undefined) return undefined;
  const steps = [...passed, step];
  const advances = unmet.some(({ alternatives }) =>
    alternatives.some((wanted) => progress(wanted, steps) > progress(wanted, passed)),
  );
  return advances ? undefined : { by: first.by, reason: DenyReason.MethodNotAllowed };
}

/** What speaks against changing a password by `step`: others have to follow, and who knows the password alone must not lock out its user. */
function leftBehind(
  requires: readonly AuthRequirement[],
  passed: readonly PassedStep[],
  step: ShownStep,
): Declined | undefined {
  const [left] = unmetBy(requires, [...passed, step]);
  return left === undefined ? undefined : { by: left.by, reason: DenyReason.MethodNotAllowed };
}

/** How many steps of `wanted` were passed: in order, and each by a proof of its own. */
function progress(wanted: readonly AuthStep[], steps: readonly ShownStep[]): number {
  const used: ShownStep[] = [];
  for (const step of steps) {
    const next = wanted[used.length];
    if (next === undefined) break;
    if (meets(next, step) && !used.some((it) => isSameProof(it, step))) used.push(step);
  }
  return used.length;
}

const meets = ({ method, key, policy }: AuthStep, step: ShownStep): boolean =>
  step.method === method &&
  (key === undefined || isOfKind(key, step.keyType ?? '')) &&
  (policy === undefined || step.by === undefined || step.by === policy);

function isOfKind(kind: string, keyType: string): boolean {
  if (kind === 'sk') return keyType.startsWith('sk-');
  return kind === 'cert' ? isCertificateType(keyType) : keyType === kind;
}

/** A key proves itself whatever policy knows it, alone as in a certificate. Other methods prove what their policy knows. */
const isSameProof = (one: ShownStep, other: ShownStep): boolean =>
  one.method === other.method &&
  (one.keyFingerprint === undefined ? one.by === other.by : one.keyFingerprint === other.keyFingerprint);
