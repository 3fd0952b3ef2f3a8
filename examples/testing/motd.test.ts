import { equal } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { exec, grantPassword } from 'rxsshd';
import { authRequest, channelRequest, simulate, type Simulation } from 'rxsshd/testing';
import { it } from 'vitest';

const message = new URL('../../LICENSE', import.meta.url);

/** What a service does in the real world, or in a simulation that waits for it. */
const motd = (real: <T>(work: Promise<T>) => Promise<T>) =>
  exec('motd', async () => (await real(readFile(message, 'utf8'))).slice(0, 12));

it('holds the time while a file is read', async () => {
  const world: { simulation?: Simulation } = {};
  await using simulation = await simulate({
    handlers: [motd((work) => world.simulation?.hold(work) ?? work)],
    policies: { SSHUserAuthRequest: [grantPassword(() => true)] },
  });
  world.simulation = simulation;
  const ann = simulation.client('192.0.2.7', 'crsx', {
    r: authRequest.password('ann', ''),
    x: channelRequest.exec('motd'),
  });

  simulation.expectClient(ann).toBe('cgo(yez)');
  await simulation.run();
  equal(ann.stdout, 'MIT License\n');
});
