import fc from 'fast-check';
import { expect, it } from 'vitest';

import { decide, grantKeyboardInteractive, grantPassword, type Handler, requireMethods } from '../../../src/index.js';
import {
  checkInvariants,
  clientHistories,
  type ClientHistory,
  type Credential,
  playHistory,
  simulate,
} from '../../../src/testing/index.js';

const handlers: readonly Handler[] = [
  decide('SSHUserAuthRequest', requireMethods('password+code'), { phase: 'limit' }),
  decide(
    'SSHUserAuthRequest',
    grantPassword((user, password) => user === 'ann' && password === 'right'),
  ),
  decide(
    'SSHUserAuthRequest',
    grantKeyboardInteractive({ name: 'code', prompts: [{ text: 'Code: ' }], verify: (_user, [code]) => code === '42' }),
  ),
];
const authMethods = ['password', 'keyboard-interactive'] as const;

/** What the policies above say, in other words: the code is everybody's, and worth nothing without Ann's password. */
const mayEnter = (last: Credential, earlier: readonly Credential[]): boolean =>
  last.method === 'keyboard-interactive' &&
  last.answers.join() === '42' &&
  earlier.some((it) => it.method === 'password' && it.user === 'ann' && it.password === 'right');

it('no client gets in by less than two steps, and some do by both', async () => {
  const options = { users: ['ann', 'bob'], passwords: ['right'], answers: [['42']], mayEnter, maxSteps: 6 };
  // It is one; its type says so by its members, since the package does not depend on fast-check.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
  const histories: fc.Arbitrary<ClientHistory> = clientHistories(fc, options);
  let entered = 0;
  const property = fc.asyncProperty(histories, async (history) => {
    await using simulation = await simulate({ handlers: [...handlers], authMethods: [...authMethods] });
    const trace = await playHistory(simulation, history);
    expect(checkInvariants(trace, { mayEnter })).toEqual([]);
    // A judge who wants more than the server finds each of those who got in, and nobody else.
    entered += checkInvariants(trace, { mayEnter: () => false }).length;
  });
  await fc.assert(property, { numRuns: 40 });

  expect(entered).toBeGreaterThan(0);
}, 60_000);
