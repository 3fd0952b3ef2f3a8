import type { AuthAttempt } from './auth-attempt.js';

/** Whether a request only asks what would do. A query is not a guess: clients with many keys would otherwise lock themselves out. */
export const isQuery = (attempt: AuthAttempt): boolean =>
  attempt.method === 'none' ||
  (attempt.method === 'publickey' && attempt.stage === 'offered') ||
  (attempt.method === 'other' && attempt.isQuery === true);
