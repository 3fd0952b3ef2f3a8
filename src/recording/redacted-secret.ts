import { randomBytes } from 'node:crypto';

import { Secret } from '../streams/secret.js';

/** Another one in each process, so that nobody can have chosen it as a password. */
const NOBODY_KNOWS = randomBytes(32).toString('base64');

/**
 * A secret that was not recorded. A recording holds neither text, length nor hash of it, so no policy can judge it again:
 * what it exposes is made up, and equals nothing that anybody has chosen.
 *
 * @example
 * ```ts
 * declare const request: PasswordAuthRequest;
 * const canBeVerified = !(request.password instanceof RedactedSecret);
 * ```
 */
export class RedactedSecret extends Secret {
  constructor() {
    super(NOBODY_KNOWS);
  }
}
