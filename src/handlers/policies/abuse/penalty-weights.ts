import { requireObject } from '../option-checks.js';
import { policyOptionError } from '../policy-option-error.js';

/** What each kind of misbehaviour costs, in milliseconds; 0 forgives it. */
export interface PenaltyWeights {
  /** A connection on which somebody tried to sign in and could not. Default 5 000. */
  readonly authFailureMs: number;
  /** A connection that ended before anybody tried, or whose key exchange failed. Default 1 000. */
  readonly noAuthMs: number;
  /** A connection that the server, or a policy named `loginGrace`, ended since nobody had signed in in time. Default 10 000. */
  readonly graceExceededMs: number;
  /** A connection on which the peer broke the protocol. Default 90 000. */
  readonly protocolErrorMs: number;
  /** A connection that a policy did not let in for where it came from. Default 10 000. */
  readonly refusedMs: number;
}

/** Those of OpenSSH, where a protocol error stands for its crash. */
const DEFAULT_WEIGHTS: PenaltyWeights = {
  authFailureMs: 5_000,
  noAuthMs: 1_000,
  graceExceededMs: 10_000,
  protocolErrorMs: 90_000,
  refusedMs: 10_000,
};

/**
 * The weights that a policy goes by.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if one is unknown or not a finite number of at least 0.
 */
export function penaltyWeights(policy: string, given: Partial<PenaltyWeights>): PenaltyWeights {
  requireObject(policy, 'weights', given);
  const weights = { ...DEFAULT_WEIGHTS, ...given };
  for (const [kind, weight] of Object.entries(weights)) {
    // A misspelt kind would leave the default in force.
    if (!Object.hasOwn(DEFAULT_WEIGHTS, kind)) {
      throw policyOptionError(policy, 'weights', `must be of ${Object.keys(DEFAULT_WEIGHTS).join(', ')}`, kind);
    }
    if (!Number.isFinite(weight) || weight < 0) {
      throw policyOptionError(policy, `weights.${kind}`, 'must be a finite number of milliseconds, 0 or more', weight);
    }
  }
  return weights;
}
