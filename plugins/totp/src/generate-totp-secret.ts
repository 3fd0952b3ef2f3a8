import { randomBytes } from 'node:crypto';

import { Secret } from 'otpauth';

/** The length that RFC 4226 section 4 recommends, which is that of the hash by SHA-1. */
const BYTES = 20;

/** Makes a secret for a user who enrols, 160 bits in base32: for the store that `secretOf` reads, and for {@link totpUri}. */
export const generateTotpSecret = (): string =>
  new Secret({ buffer: Uint8Array.from(randomBytes(BYTES)).buffer }).base32;
