import { grantPassword, rateLimit, type SSHUserAuthRequest } from 'rxsshd';
import { authRequest, marbles } from 'rxsshd/testing';
import { it } from 'vitest';

const values = { x: authRequest.password('demo', 'guess'), d: authRequest.password('demo', 'demo') };
const signIn = grantPassword((user, password) => user === 'demo' && password === 'demo');
const limit = rateLimit<SSHUserAuthRequest>({ limit: 2, windowMs: 60_000, keyOf: (r) => r.connection.remoteAddress });

it(
  'denies two guesses, and for a minute even the right password',
  marbles(({ verdicts, expectVerdicts }) => {
    const verdict$ = verdicts('x-x-d 1m d|', values).pipe(limit, signIn);

    expectVerdicts(verdict$).toBe('n-n-r 1m g|', { r: 'denied: rate-limited' });
  }),
);
