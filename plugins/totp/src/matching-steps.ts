import { timingSafeEqual } from 'node:crypto';

import { HOTP, type Secret } from 'otpauth';

import type { TotpParameters } from './totp-parameters.js';

/** Which codes are looked at. */
export interface StepWindow extends Required<TotpParameters> {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Steps before and after the one of now. */
  readonly drift: number;
}

/**
 * The time steps whose code is `code`, of those around now (RFC 6238 section 5.2): as a rule one or none.
 *
 * Looks at all of them, and compares in constant time, whatever `code` is.
 */
export function matchingSteps(
  code: string,
  secret: Secret,
  { now, drift, digits, period, algorithm }: StepWindow,
): readonly number[] {
  // What has another length is compared in the right one, and matches nothing, since codes have digits.
  const guess = Buffer.from(code.length === digits ? code : '-'.repeat(digits), 'latin1');
  const current = Math.floor(now / (period * 1000));
  const matches: number[] = [];
  for (let step = Math.max(0, current - drift); step <= current + drift; step += 1) {
    const expected = Buffer.from(HOTP.generate({ secret, counter: step, digits, algorithm }), 'latin1');
    if (timingSafeEqual(expected, guess)) matches.push(step);
  }
  return matches;
}
