import { authRequest, simulate, testKey } from 'rxsshd/testing';
import { it } from 'vitest';

import { twoSteps } from './two-steps.js';

const key = testKey('laptop');
const accounts = {
  keysOf: () => key,
  verifyPassword: (_user: string, password: string) => password === 'right',
  verifyCode: (_user: string, code: string) => code === '42',
};

it('asks for a code behind a password, and of an administrator behind a key', async () => {
  await using simulation = await simulate({
    handlers: twoSteps(accounts),
    authMethods: ['publickey', 'password', 'keyboard-interactive'],
  });
  const ann = simulation.client('192.0.2.7', 'c-p-q-a', {
    p: authRequest.password('ann', 'right'),
    q: authRequest.keyboardInteractive('ann'),
    a: authRequest.keyboardInteractiveAnswer('ann', ['42']),
  });
  const root = simulation.client('192.0.2.8', 'c-p-k', {
    p: authRequest.password('admin-bob', 'right'),
    k: authRequest.provenKey('admin-bob', key),
  });
  // The security key, which is the other way in, stays open to her.
  simulation.expectClient(ann).toBe('c-p-q-g', { p: 'partial: publickey,keyboard-interactive' });
  simulation.expectClient(root).toBe('c-d-p', { d: 'denied: publickey', p: 'partial: keyboard-interactive' });
  await simulation.run('10s');
});
