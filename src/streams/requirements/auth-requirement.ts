import type { PolicyName } from '../verdict.js';

/** The authentication methods that somebody can be required to pass (RFC 4252, RFC 4256). */
export const STEP_METHODS = ['publickey', 'password', 'keyboard-interactive', 'hostbased'] as const;

/** A method of authentication that a step may ask for. */
export type StepMethod = (typeof STEP_METHODS)[number];

/** One step of an {@link AuthRequirement}: what somebody has to pass. What is left out may be anything. */
export interface AuthStep {
  readonly method: StepMethod;
  /** Of the method `publickey`: `sk` for a security key, `cert` for a certificate, or the type of the key. */
  readonly key?: string;
  /** The policy that has to grant it, by the name it gives itself. */
  readonly policy?: PolicyName;
}

/**
 * What it takes to sign in (RFC 4252 section 5.1): the steps of one of the alternatives, in their order, each by a proof of its own.
 * Plain data, made by {@link authRequirement}.
 */
export interface AuthRequirement {
  /** The policy that requires it, for the audit trail. */
  readonly by: PolicyName;
  /** How it is written, such as `publickey+totp | publickey:sk`. */
  readonly expression: string;
  /** At least one, each of at least one step. */
  readonly alternatives: readonly (readonly AuthStep[])[];
}

/**
 * Says of a requirement written in JavaScript what the compiler says of one written in TypeScript. What has no alternative, or
 * an empty one, is none: it would let in nobody or everybody.
 */
export function isAuthRequirement(value: unknown): value is AuthRequirement {
  if (typeof value !== 'object' || value === null || !('alternatives' in value) || !('by' in value)) return false;
  const isFilled = (list: unknown): list is readonly unknown[] => Array.isArray(list) && list.length > 0;
  const isStep = (step: unknown): boolean =>
    typeof step === 'object' &&
    step !== null &&
    'method' in step &&
    STEP_METHODS.some((method) => method === step.method);
  return (
    typeof value.by === 'string' &&
    isFilled(value.alternatives) &&
    value.alternatives.every((steps) => isFilled(steps) && steps.every(isStep))
  );
}
