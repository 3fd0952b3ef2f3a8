import { equal } from 'node:assert/strict';

import { grantPassword } from 'rxsshd';
import { authRequest, fakeDirectory, simulate } from 'rxsshd/testing';
import { it } from 'vitest';

it('lets nobody in while the directory is down, and everybody when it is back', async () => {
  const faults = {
    failFrom: '2026-01-01T01:00:00Z',
    failUntil: '2026-01-01T02:00:00Z',
    error: new Error('it is down'),
  };
  const directory = fakeDirectory({ ann: { password: 'right' } }, { latencyMs: 5, faults });
  await using simulation = await simulate({
    policies: { SSHUserAuthRequest: [grantPassword(directory.verifyPassword)] },
  });
  const ann = simulation.client('192.0.2.7', '1h 30m c-r-| 30m c-r', { r: authRequest.password('ann', 'right') });

  simulation.expectClient(ann).toBe('         1h 30m c 6ms d 29m 59s 997ms c 6ms g');
  await simulation.run('3h');
  equal(directory.calls.length, 2);
});
