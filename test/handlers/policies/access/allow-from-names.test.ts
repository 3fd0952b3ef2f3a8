import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';

import type { AddressPolicyOptions } from '../../../../src/handlers/policies/access/address-policy.js';
import { allowFrom } from '../../../../src/handlers/policies/access/allow-from.js';
import { denyFrom } from '../../../../src/handlers/policies/access/deny-from.js';
import type { HostNameResolver } from '../../../../src/handlers/policies/matching/host-name-resolver.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { marbles } from '../../../../src/testing/marbles.js';
import { connectionRequest } from '../../../../src/testing/connection-request.js';
import { optionError } from '../policy-laws.js';
import { knock } from '../requests.js';
import { answersTo, decisionOn, deniedBy } from '../verdicts.js';

const OFFICE = '192.0.2.1';
const STAFF = '192.0.2.2';
const STRANGER = '192.0.2.3';
const IMPOSTOR = '192.0.2.4';
const NAMELESS = '192.0.2.5';
const BROKEN = '192.0.2.6';

const servfail = Object.assign(new Error('SERVFAIL'), { code: 'ESERVFAIL' });
const notFound = Object.assign(new Error('NXDOMAIN'), { code: 'ENOTFOUND' });

const NAMES = new Map([
  [STAFF, 'build-7.example.com'],
  [STRANGER, 'stranger.test'],
  [IMPOSTOR, 'build-7.example.com'],
]);
const ADDRESSES = new Map([
  ['build-7.example.com', STAFF],
  ['stranger.test', STRANGER],
]);

/** Counts what it is asked. */
function dns(): HostNameResolver & { asked: number } {
  return {
    asked: 0,
    async reverse(address) {
      this.asked += 1;
      if (address === BROKEN) throw servfail;
      const name = NAMES.get(address);
      if (name === undefined) throw notFound;
      return [name];
    },
    async resolve(name) {
      return [ADDRESSES.get(name) ?? ''];
    },
  };
}

const never: HostNameResolver = { reverse: () => new Promise(() => undefined), resolve: async () => [] };

const list = [OFFICE, '*.Example.com'];
type Make = (list: readonly string[], options?: AddressPolicyOptions) => Policy<ConnectionRequest>;

const decided = (policy: Policy<ConnectionRequest>, address: string): Promise<Verdict<ConnectionRequest>> =>
  new Promise((resolve) => {
    of(consider(knock(address)))
      .pipe(policy)
      .subscribe(resolve);
  });

const open = (address: string) => consider<ConnectionRequest>(knock(address));
const refused = (by: string, address: string, cause?: unknown) =>
  deniedBy<ConnectionRequest>(by, knock(address), DenyReason.AddressNotAllowed, cause);

describe('allowFrom with host names', () => {
  const make = (options: AddressPolicyOptions = {}) =>
    allowFrom<ConnectionRequest>(list, { resolver: dns(), ...options });

  it('lets in whose verified name is on the list', async () => {
    expect(await decided(make(), STAFF)).toEqual(open(STAFF));
  });

  it.each([
    ['has another name', STRANGER],
    ['claims a name that is not theirs', IMPOSTOR],
    ['has no name', NAMELESS],
  ])('denies a client who %s, without a cause', async (_who, address) => {
    expect(await decided(make(), address)).toEqual(refused('allowFrom', address));
  });

  it('denies whom it cannot look up, and says why', async () => {
    expect(await decided(make(), BROKEN)).toEqual(refused('allowFrom', BROKEN, servfail));
  });

  it('looks nobody up whose address is on the list, and decides at once', () => {
    const resolver = dns();

    expect(decisionOn(make({ resolver }), knock(OFFICE))).toEqual(open(OFFICE));
    expect(resolver.asked).toBe(0);
  });

  it('decides at once what it has looked up before', async () => {
    const resolver = dns();
    const policy = make({ resolver });
    await decided(policy, STAFF);
    await decided(policy, NAMELESS);

    expect(decisionOn(policy, knock(STAFF))).toEqual(open(STAFF));
    expect(decisionOn(policy, knock(NAMELESS))).toEqual(refused('allowFrom', NAMELESS));
    expect(resolver.asked).toBe(2);
  });
});

describe('denyFrom with host names', () => {
  const make = (options: AddressPolicyOptions = {}) =>
    denyFrom<ConnectionRequest>(list, { resolver: dns(), ...options });

  it('spares whose verified name is not on the list', async () => {
    expect(await decided(make(), STRANGER)).toEqual(open(STRANGER));
  });

  it.each([
    ['is on the list by name', STAFF],
    ['claims a name that is not theirs', IMPOSTOR],
    ['has no name', NAMELESS],
  ])('denies a client who %s, without a cause', async (_who, address) => {
    expect(await decided(make(), address)).toEqual(refused('denyFrom', address));
  });

  it('denies whom it cannot look up, and says why', async () => {
    expect(await decided(make(), BROKEN)).toEqual(refused('denyFrom', BROKEN, servfail));
  });

  it('denies at once whose address is on the list', () => {
    expect(decisionOn(make(), knock(OFFICE))).toEqual(refused('denyFrom', OFFICE));
  });
});

describe.each<readonly [string, Make]>([
  ['allowFrom', allowFrom],
  ['denyFrom', denyFrom],
])('%s', (name, make) => {
  it(
    'denies after two seconds without an answer, and holds up nobody else meanwhile',
    marbles(({ verdicts, expectVerdicts, clock }) => {
      const slow = connectionRequest({ from: STAFF });
      const known = connectionRequest({ from: OFFICE });
      const source = '  s-k 1996ms ---|';
      const expected = name === 'allowFrom' ? '--o 1996ms -x-|' : '--d 1996ms -x-|';

      const policy = make(list, { resolver: never, clock });
      expectVerdicts(verdicts(source, { s: slow, k: known }).pipe(policy)).toBe(expected, {
        x: { outcome: 'denied', by: name, reason: DenyReason.AddressNotAllowed, request: slow },
      });
    }),
  );

  it('denies with LimitReached beyond the lookups that may be under way', () => {
    const policy = make(list, { resolver: never, maxLookups: 1 });

    expect(answersTo(policy, open(STAFF), open(STAFF), open(STRANGER))).toEqual([
      deniedBy(name, knock(STRANGER), DenyReason.LimitReached),
    ]);
  });

  it('looks nobody up for a list without names', () => {
    const resolver = dns();
    const policy = make(['192.0.2.1*', '10.0.0.0/8'], { resolver });

    expect(answersTo(policy, open(STAFF), open('192.0.2.10'), open('10.1.1.1'))).toHaveLength(3);
    expect(resolver.asked).toBe(0);
  });

  it('denies a client whose address is unknown without looking anything up', () => {
    const resolver = dns();

    expect(decisionOn(make(list, { resolver }), knock(''))).toEqual(refused(name, ''));
    expect(resolver.asked).toBe(0);
  });

  it('checks the options of lookups when it is made', () => {
    expect(() => make(list, { maxLookups: 0 })).toThrow(
      optionError(`${name}: maxLookups must be an integer of at least 1, got 0`),
    );
  });
});
