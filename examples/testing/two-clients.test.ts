import { equal } from 'node:assert/strict';

import { grantPassword, rateLimit } from 'rxsshd';
import { act, authRequest, connectionRequest, simulate } from 'rxsshd/testing';
import { it } from 'vitest';

it('makes the whole office wait for one who mistypes', async () => {
  await using simulation = await simulate({
    policies: {
      SSHUserAuthRequest: [
        rateLimit({ limit: 2, windowMs: 30_000, keyOf: ({ connection }) => connection.remoteAddress }),
        grantPassword((_user, password) => password === 'right'),
      ],
    },
  });
  const steps = { w: authRequest.password('bob', 'wrong'), r: authRequest.password('ann', 'right'), h: act.hangUp() };
  const bob = simulation.client('192.0.2.7', 'c-w-wh', steps);
  const ann = simulation.client('192.0.2.7', '------c-r 30s r', steps);

  simulation.expectClient(bob).toBe('        c-d-d');
  simulation.expectClient(ann).toBe('        ------c-d 30s g');
  await simulation.run();

  // The same, step by step: what comes next may depend on what was learned.
  const carl = simulation.client('192.0.2.9');
  await carl.perform(connectionRequest());
  const [answer] = await carl.perform(authRequest.password('carl', 'right'));
  equal(answer?.outcome, 'granted');
});
