import type { PolicyName } from './verdict.js';

/** A permission was taken back. */
export interface Revocation {
  /** The policy that took it back. */
  readonly by: PolicyName;
  /** What the user was told. */
  readonly message: string;
}
