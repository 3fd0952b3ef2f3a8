import { expect, it } from 'vitest';

import { decide, exec, grantPassword } from '../../../src/index.js';
import { authRequest, channelRequest, simulate } from '../../../src/testing/index.js';

it('the packets of simulated clients are told, but for those of key exchanges', async () => {
  await using simulation = await simulate({
    logLevel: 3,
    handlers: [
      decide(
        'SSHUserAuthRequest',
        grantPassword((_user, password) => password === 'secret'),
      ),
      exec('true', () => 0),
    ],
  });
  const packets: string[] = [];
  simulation.server.events.Log.subscribe(({ step }) => {
    if (step?.kind === 'packet') packets.push(`${step.direction} ${step.name}`);
  });
  simulation.client('192.0.2.1', 'c-p-s-e', {
    p: authRequest.password('ann', 'secret'),
    e: channelRequest.exec('true'),
  });
  await simulation.run();

  expect(packets).toEqual([
    ...['in SERVICE_REQUEST', 'out SERVICE_ACCEPT', 'in USERAUTH_REQUEST', 'out USERAUTH_SUCCESS'],
    // Tells the host keys.
    'out GLOBAL_REQUEST',
    ...['in CHANNEL_OPEN', 'out CHANNEL_OPEN_CONFIRMATION', 'in CHANNEL_REQUEST', 'out CHANNEL_SUCCESS'],
    ...['out CHANNEL_REQUEST', 'out CHANNEL_EOF', 'out CHANNEL_CLOSE', 'in CHANNEL_CLOSE'],
  ]);
});

it('whoever hears of a packet may end the connection', async () => {
  await using simulation = await simulate({ logLevel: 3 });
  const types: string[] = [];
  simulation.server.events.all.subscribe(({ type }) => types.push(type));
  simulation.server.events.Log.subscribe(({ connection, step }) => {
    if (step?.kind === 'packet') simulation.server.connection(connection.id)?.disconnect('enough');
  });
  const client = simulation.client('192.0.2.1', 'c');
  simulation.expectClient(client).toBe('x', { x: 'disconnected: enough' });
  await simulation.run();

  expect(types.at(-1)).toBe('Disconnected');
  expect(types).not.toContain('SSHServiceRequest');
});
