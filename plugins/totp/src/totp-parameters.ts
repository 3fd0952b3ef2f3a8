import { optionError } from './option-error.js';

const ALGORITHMS = ['SHA1', 'SHA256', 'SHA512'] as const;

/** The hash function behind the codes (RFC 6238 section 1.2). */
export type TotpAlgorithm = (typeof ALGORITHMS)[number];

/** What the server and the user's application have to agree on. The defaults are what every application knows. */
export interface TotpParameters {
  /** Digits of a code: 6, 7 or 8. Default 6. */
  readonly digits?: 6 | 7 | 8;
  /** How long a code is shown, in seconds: the time step of RFC 6238. Integer from 15 to 300. Default 30. */
  readonly period?: number;
  /** Default `SHA1`, whose weakness does not matter here; some applications take every other for it, silently. */
  readonly algorithm?: TotpAlgorithm;
}

/**
 * Checks the parameters and fills in defaults.
 *
 * @throws SshServerError `ERR_SSH_POLICY_OPTION` for the first that is wrong
 */
export function readParameters(
  policy: string,
  { digits = 6, period = 30, algorithm = 'SHA1' }: TotpParameters,
): Required<TotpParameters> {
  if (![6, 7, 8].includes(digits)) throw optionError(policy, 'digits', 'must be 6, 7 or 8', digits);
  if (!Number.isInteger(period) || period < 15 || period > 300) {
    throw optionError(policy, 'period', 'must be an integer from 15 to 300 seconds', period);
  }
  if (!ALGORITHMS.includes(algorithm)) {
    throw optionError(policy, 'algorithm', `must be ${ALGORITHMS.join(', ')}`, algorithm);
  }
  return { digits, period, algorithm };
}
