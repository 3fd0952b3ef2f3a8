import { channelRequest, marbles } from 'rxsshd/testing';
import { it } from 'vitest';

import { freeze } from './freeze.js';

const values = { d: channelRequest.exec('deploy shop'), u: channelRequest.exec('uptime') };

it(
  'denies deployments from the moment of the freeze to its end',
  marbles(({ verdicts, events, expectVerdicts }) => {
    const frozen$ = events('                 n----y-----n', { n: false, y: true });
    const verdict$ = verdicts('              --d----(du)---d|', values).pipe(freeze(frozen$));

    expectVerdicts(verdict$).toBe('          --o----(xo)---o|', { x: 'denied: not-permitted' });
  }),
);
