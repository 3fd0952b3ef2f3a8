import { expect, it } from 'vitest';

import { decide, exec, grantPublicKey, type Handler, named } from '../../src/index.js';
import {
  authRequest,
  channelOpen,
  channelRequest,
  connectionRequest,
  simulate,
  testKey,
} from '../../src/testing/index.js';

const line = testKey('ann laptop');
const signIn = authRequest.provenKey('ann', line);
const programs = [exec('hello', () => 'hello\n'), exec('reboot', () => 'REBOOTED\n')];

/** The sign-in with what the text of an authorized_keys file says. */
const keys = (text: string, name?: string): Handler => {
  const policy = grantPublicKey(text);
  return decide('SSHUserAuthRequest', name === undefined ? policy : named(name, policy));
};

/** Ends a minute after a simulation has begun. */
const UNTIL = 'expiry-time="20260101000100Z"';

it.each([
  ['the same policy', keys(`${UNTIL} ${line}`), keys(`${UNTIL} ${line}`)],
  ['a policy of another name', keys(`${UNTIL} ${line}`), keys(`${UNTIL} ${line}`, 'others')],
  ['named policies', keys(`${UNTIL} ${line}`, 'staff'), keys(`${UNTIL} ${line}`, 'staff')],
  ['a policy that does not know the key any more', keys(`${UNTIL} ${line}`), keys(testKey('bob'))],
  ['a policy that knows the key without an end', keys(`${UNTIL} ${line}`), keys(line)],
])('a key ends at its end although its policy was replaced: by %s', async (_what, former, next) => {
  await using simulation = await simulate({ handlers: [former, ...programs] });
  const ann = simulation.client('192.0.2.7', 'ck', { k: signIn });
  simulation.expectClient(ann).toBe('cg 59s 999ms x 5m', {
    x: 'disconnected: the key that this session was opened with has expired',
  });
  setTimeout(() => void simulation.server.replaceHandlers({ remove: [former], add: [next] }), 5000);
  await simulation.run();
});

it('what new policies restrict is in force for those who have signed in before', async () => {
  const former = keys(line);
  const next = keys(`restrict,command="hello" ${line}`);
  await using simulation = await simulate({ handlers: [former, ...programs] });
  const ann = simulation.client('192.0.2.7');
  await ann.perform(connectionRequest());
  await ann.perform(signIn);
  await simulation.server.replaceHandlers({ remove: [former], add: [next] });
  await ann.perform(channelOpen.session());
  await ann.perform(channelRequest.exec('reboot'));
  await simulation.run('1s');

  expect(ann.stdout).toBe('hello\n');
});
