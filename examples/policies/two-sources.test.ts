import { grantPassword } from 'rxsshd';
import { authRequest, marbles } from 'rxsshd/testing';
import { it } from 'vitest';

const directory = grantPassword((_user, password) => password === 'directory', { name: 'directory' });
const local = grantPassword((_user, password) => password === 'local', { name: 'local accounts' });

const values = {
  d: authRequest.password('ann', 'directory'),
  l: authRequest.password('ann', 'local'),
  x: authRequest.password('ann', 'guess'),
};

it(
  'a password may be right for any of the sources, and nobody is denied before all have spoken',
  marbles(({ verdicts, expectVerdicts }) => {
    expectVerdicts(verdicts('d-l-x|', values).pipe(directory, local)).toBe('g-g-n|');
    expectVerdicts(verdicts('d-l-x|', values).pipe(local, directory)).toBe('g-g-n|');
  }),
);
