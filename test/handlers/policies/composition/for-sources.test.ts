import { describe, expect, it } from 'vitest';

import { forSources } from '../../../../src/handlers/policies/composition/for-sources.js';
import { named } from '../../../../src/handlers/policies/composition/named.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import { consider } from '../../../../src/streams/verdict.js';
import { marbles } from '../../../support/marbles.js';
import { abstains, denies, grants, watched } from '../members.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { knock } from '../requests.js';
import { answersTo, decisionOn, deniedBy, granted, grantedBy } from '../verdicts.js';

const inside = knock('192.0.2.7');
const outside = knock('203.0.113.9');
const unknown = knock('');
const office = ['192.0.2.0/24', '2001:db8::/32'];

const values = {
  i: consider<ConnectionRequest>(inside),
  o: consider<ConnectionRequest>(outside),
  I: grantedBy<ConnectionRequest>('it', inside),
};

describe('forSources', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'named',
    make: ({ name = 'office' }) => named(name, forSources(office, grants('it'))),
    decides: inside,
    spares: outside,
  });

  it(
    'applies the policy to those from the list, and lets the others pass',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -i-o-(oi)|', values);
      const expected = '    -I-o-(oI)|';
      const subs = '        ^--------!';

      expectObservable(source.pipe(forSources(office, grants('it')))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('takes IPv4-mapped IPv6 for IPv4, and a star for everybody whose address is known', () => {
    expect(decisionOn(forSources(office, denies<ConnectionRequest>('it')), knock('::ffff:192.0.2.7')).state).toBe(
      'denied',
    );
    expect(decisionOn(forSources(['*'], denies<ConnectionRequest>('it')), outside)).toMatchObject({ by: 'it' });
  });

  it.each([
    ['opens', grants<ConnectionRequest>('it')],
    ['restricts', denies<ConnectionRequest>('it')],
  ])('denies a client whose address is unknown, whether the policy %s', (_what, policy) => {
    const member = watched(policy);
    const refused = deniedBy('forSources', unknown, DenyReason.AddressNotAllowed);

    expect(decisionOn(forSources(['*'], member.policy), unknown)).toEqual(refused);
    expect(answersTo(forSources(office, member.policy), granted<ConnectionRequest>(unknown))).toEqual([refused]);
    expect(member.asked).toEqual([]);
  });

  it('refuses a list that cannot be meant, an entry that cannot be read, and what is no policy', () => {
    expect(() => forSources([], abstains<ConnectionRequest>())).toThrow(
      optionError('forSources: list must be an array of one or more addresses, got []'),
    );
    expect(() => forSources(['192.0.2.300'], abstains<ConnectionRequest>())).toThrow(
      optionError(
        "forSources: list has an entry that cannot be used, since it is neither an address nor a CIDR block, got '192.0.2.300'",
      ),
    );
    // @ts-expect-error a policy is a function
    expect(() => forSources(office, 'deny')).toThrow(optionError("forSources: policy must be a function, got 'deny'"));
  });
});
