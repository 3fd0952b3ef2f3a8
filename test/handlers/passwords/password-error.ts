import { expect } from 'vitest';

/** The error of a hash that cannot be read, whose message says why. */
export const hashError = (rule: string): unknown =>
  expect.objectContaining({ code: 'ERR_SSH_PASSWORD_HASH', message: `the password hash ${rule}` });
