import fc from 'fast-check';
import { denyUsers, grantPassword } from 'rxsshd';
import {
  clientHistories,
  type ClientHistory,
  type Credential,
  expectInvariants,
  playHistory,
  simulate,
} from 'rxsshd/testing';
import { it } from 'vitest';

/** What the policies below say, in other words: whoever gets in otherwise is a finding. */
const mayEnter = (it: Credential): boolean => it.method === 'password' && it.user === 'ann' && it.password === 'right';

it('stands whatever clients do', async () => {
  const options = { users: ['ann', 'root'], passwords: ['right', 'wrong'], mayEnter };
  // It is one; its type says so by its members, since the package does not depend on fast-check.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
  const histories: fc.Arbitrary<ClientHistory> = clientHistories(fc, options);
  const property = fc.asyncProperty(histories, async (history) => {
    await using simulation = await simulate({
      policies: { SSHUserAuthRequest: [grantPassword((_user, password) => password === 'right'), denyUsers(['root'])] },
    });
    expectInvariants(await playHistory(simulation, history), { mayEnter });
  });
  await fc.assert(property, { numRuns: 50 });
});
