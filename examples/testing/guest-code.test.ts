import { authRequest, marbles } from 'rxsshd/testing';
import { it } from 'vitest';

import { guestCode } from './guest-code.js';

const values = {
  m: authRequest.password('guest', 'melon'),
  p: authRequest.password('guest', 'plum'),
  a: authRequest.password('ann', 'melon'),
};

it(
  'takes the code of the day, and no longer that of yesterday',
  marbles(({ verdicts, events, expectVerdicts }) => {
    const code$ = events('                  n-------y', { n: 'melon', y: 'plum' });
    const verdict$ = verdicts('             -(map)---m-p|', values).pipe(guestCode(code$));

    expectVerdicts(verdict$).toBe('         -(gon)---n-g|');
  }),
);
