import { rejects } from 'node:assert/strict';

import { tap } from 'rxjs';
import { decide, grantPassword, on } from 'rxsshd';
import { authRequest, leakCheck, simulate } from 'rxsshd/testing';
import { it } from 'vitest';

const signIn = decide(
  'SSHUserAuthRequest',
  grantPassword(() => true),
);
const r = authRequest.password('ann', 'right');

it('leaves nothing behind', async () => {
  await using simulation = await simulate({ handlers: [signIn] });

  await leakCheck(simulation, async () => {
    simulation.client('192.0.2.7', 'crs|', { r });
    await simulation.run();
  });
});

it('finds the timer that somebody forgot', async () => {
  const forgetful = on('Connected', (connected$) =>
    connected$.pipe(
      tap(() => {
        setTimeout(() => undefined, 3_600_000);
      }),
    ),
  );
  await using simulation = await simulate({ handlers: [signIn, forgetful] });

  await rejects(
    leakCheck(simulation, async () => {
      simulation.client('192.0.2.7', 'cr|', { r });
      await simulation.run();
    }),
    /timer/,
  );
});
