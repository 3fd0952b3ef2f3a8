import type { PassedStep } from './requirements/passed-step.js';

/** Who a connection belongs to once authentication has succeeded. */
export interface Identity {
  /** The user name as the client sent it. */
  readonly user: string;
  /** The method that succeeded last (RFC 4252): `publickey`, `password`, `keyboard-interactive`, `hostbased`, `none`. */
  readonly method: string;
  /**
   * SHA-256 fingerprint of the user's key, in the form of `ssh-keygen -l`: of the last that was proven, whichever step that was. Absent
   * if there was none; the key of a host that has vouched for the user (`hostbased`) is none of the user's.
   */
  readonly keyFingerprint?: string;
  /** Every step of the sign-in, in order, the last one included; absent if there was only that. */
  readonly steps?: readonly PassedStep[];
}
