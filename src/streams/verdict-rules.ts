import { isAuthRequirement } from './requirements/auth-requirement.js';
import type { Verdict } from './verdict.js';

/** Says of what a policy written in JavaScript has emitted what the compiler says of one written in TypeScript. */
export function isVerdict(emitted: unknown): emitted is Verdict<unknown> {
  if (typeof emitted !== 'object' || emitted === null || !('state' in emitted)) return false;
  if ('requires' in emitted && !isRequirements(emitted.requires)) return false;
  if (emitted.state === 'denied') return true;
  const isUndenied = emitted.state === 'open' || emitted.state === 'granted';
  return isUndenied && 'leases' in emitted && Array.isArray(emitted.leases);
}

const isRequirements = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) && value.every(isAuthRequirement));

/** The rule of verdicts that going from `before` to `after` breaks, as the end of a sentence. */
export function brokenRule<R>(before: Verdict<R>, after: Verdict<R>): string | undefined {
  if (after.state === 'denied') return undefined;
  if (before.state === 'denied') return 'revived a denied verdict';
  if (before.state === 'granted' && after.state === 'open') return 'took a grant back without denying';
  if (before.requires !== after.requires && before.requires?.some((it) => after.requires?.includes(it) !== true)) {
    return 'dropped a requirement';
  }
  if (before.leases === after.leases) return undefined;
  if (before.leases.some((lease) => !after.leases.includes(lease))) return 'dropped a lease';
  return undefined;
}
