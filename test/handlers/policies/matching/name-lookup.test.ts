import { firstValueFrom, isObservable, map, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';

import type { HostNameResolver } from '../../../../src/handlers/policies/matching/host-name-resolver.js';
import {
  NameLookup,
  type NameLookupOptions,
  type VerifiedNames,
} from '../../../../src/handlers/policies/matching/name-lookup.js';
import { type Clock, systemClock } from '../../../../src/streams/clock.js';
import { marbles } from '../../../../src/testing/marbles.js';
import { optionError } from '../policy-laws.js';

const absent = (code: string): Error => Object.assign(new Error(code), { code });

/** A resolver that knows what it is given, and remembers what it was asked. */
function zone(
  reverse: Readonly<Record<string, readonly string[]>>,
  forward: Readonly<Record<string, readonly string[] | Error>> = {},
): HostNameResolver & { readonly asked: readonly string[] } {
  const asked: string[] = [];
  return {
    asked,
    reverse: async (address) => {
      asked.push(address);
      const names = reverse[address];
      if (names === undefined) throw absent('ENOTFOUND');
      return names;
    },
    resolve: async (name) => {
      asked.push(name);
      const addresses = forward[name] ?? absent('ENODATA');
      if (addresses instanceof Error) throw addresses;
      return addresses;
    },
  };
}

const lookupIn = (resolver: HostNameResolver, options: NameLookupOptions = {}): NameLookup =>
  new NameLookup('allowFrom', { resolver, ...options });

async function namesOf(lookup: NameLookup, address: string, clock = systemClock): Promise<VerifiedNames | undefined> {
  const answer = lookup.namesOf(address, clock);
  return isObservable(answer) ? firstValueFrom(answer) : answer;
}

/** A clock that the test moves. */
function movable(): Clock & { time: number } {
  return {
    ...systemClock,
    time: 0,
    now() {
      return this.time;
    },
  };
}

const never: HostNameResolver = { reverse: () => new Promise(() => undefined), resolve: () => Promise.resolve([]) };

describe('NameLookup', () => {
  it('believes a name that has the address, in lower case and without a dot at its end', async () => {
    const resolver = zone({ '192.0.2.7': ['Ann.Example.COM.'] }, { 'ann.example.com': ['192.0.2.1', '192.0.2.7'] });

    expect(await namesOf(lookupIn(resolver), '192.0.2.7')).toEqual({ names: ['ann.example.com'] });
  });

  it('does not believe a name that has other addresses or none', async () => {
    const resolver = zone(
      { '192.0.2.7': ['bank.example.com', 'nothing.example.com'] },
      { 'bank.example.com': ['192.0.2.8', 'nonsense'] },
    );

    expect(await namesOf(lookupIn(resolver), '192.0.2.7')).toEqual({ names: [] });
  });

  it('compares addresses and not how they are written', async () => {
    const resolver = zone(
      { '192.0.2.7': ['four.example.com'], '2001:db8::1': ['six.example.com'] },
      { 'four.example.com': ['::ffff:192.0.2.7'], 'six.example.com': ['2001:0db8:0:0::1'] },
    );
    const lookup = lookupIn(resolver);

    expect(await namesOf(lookup, '192.0.2.7')).toEqual({ names: ['four.example.com'] });
    expect(await namesOf(lookup, '2001:db8::1')).toEqual({ names: ['six.example.com'] });
  });

  it('takes no name that is written like an address, and does not ask for it', async () => {
    const resolver = zone({ '192.0.2.7': ['10.0.0.1', '::1'] }, { '10.0.0.1': ['192.0.2.7'] });

    expect(await namesOf(lookupIn(resolver), '192.0.2.7')).toEqual({ names: [] });
    expect(resolver.asked).toEqual(['192.0.2.7']);
  });

  it('verifies ten names, and none of an address that claims eleven', async () => {
    const claimed = Array.from({ length: 11 }, (_name, index) => `n${String(index)}.example.com`);
    const forward = Object.fromEntries(claimed.map((name) => [name, ['192.0.2.7', '192.0.2.8']]));
    const resolver = zone({ '192.0.2.7': claimed.slice(0, 10), '192.0.2.8': claimed }, forward);
    const lookup = lookupIn(resolver);

    expect((await namesOf(lookup, '192.0.2.7'))?.names).toHaveLength(10);
    expect(resolver.asked).toHaveLength(11);
    expect(await namesOf(lookup, '192.0.2.8')).toEqual({ names: [] });
    expect(resolver.asked).toHaveLength(12);
  });

  it.each(['ENOTFOUND', 'ENODATA'])('takes %s for the answer that there is no name', async (code) => {
    const resolver: HostNameResolver = { reverse: () => Promise.reject(absent(code)), resolve: async () => [] };

    expect(await namesOf(lookupIn(resolver), '192.0.2.7')).toEqual({ names: [] });
  });

  it('tells a failure of any other kind', async () => {
    const servfail = absent('ESERVFAIL');
    const cause = new Error('broken');
    const rejects: HostNameResolver = { reverse: () => Promise.reject(servfail), resolve: async () => [] };
    const throws: HostNameResolver = {
      ...rejects,
      reverse: () => {
        throw cause;
      },
    };
    const silent: HostNameResolver = {
      ...rejects,
      // JavaScript may reject with nothing at all.
      reverse: async () => {
        throw undefined;
      },
    };

    expect(await namesOf(lookupIn(rejects), '192.0.2.7')).toEqual({ names: [], failure: servfail });
    expect(await namesOf(lookupIn(throws), '192.0.2.7')).toEqual({ names: [], failure: cause });
    expect(await namesOf(lookupIn(silent), '192.0.2.7')).toMatchObject({ failure: { code: 'ERR_SSH_POLICY_FAILED' } });
  });

  it('keeps the names that are verified beside one that fails', async () => {
    const failure = absent('ETIMEOUT');
    const resolver = zone({ '192.0.2.7': ['a.test', 'b.test'] }, { 'a.test': failure, 'b.test': ['192.0.2.7'] });

    expect(await namesOf(lookupIn(resolver), '192.0.2.7')).toEqual({ names: ['b.test'], failure });
  });

  it(
    'waits for as long as it was told and no longer',
    marbles(({ expectEvents, clock }) => {
      const answer = lookupIn(never, { lookupTimeoutMs: 5 }).namesOf('192.0.2.7', clock) as Observable<VerifiedNames>;

      expectEvents(answer.pipe(map(({ names, failure }) => [names, String(failure)]))).toBe('-----(x|)', {
        x: [[], 'SshServerError: looking up the name of 192.0.2.7 took longer than 5 ms'],
      });
    }),
  );

  it('asks no more once nobody waits', async () => {
    let answerReverse: (names: readonly string[]) => void = () => undefined;
    const asked: string[] = [];
    const resolver: HostNameResolver = {
      reverse: () => new Promise((resolve) => (answerReverse = resolve)),
      resolve: async (name) => {
        asked.push(name);
        return [];
      },
    };
    const lookup = lookupIn(resolver, { lookupTimeoutMs: 1 });
    expect(await namesOf(lookup, '192.0.2.7')).toMatchObject({ names: [] });
    answerReverse(['late.test']);
    await new Promise(setImmediate);

    expect(asked).toEqual([]);
  });

  it('looks an address up once for all who ask meanwhile, and gives the answer also to those who stay longer', async () => {
    const resolver = zone({ '192.0.2.7': ['a.test'] }, { 'a.test': ['192.0.2.7'] });
    const lookup = lookupIn(resolver);
    const first = lookup.namesOf('192.0.2.7', systemClock) as Observable<VerifiedNames>;
    first.subscribe().unsubscribe();
    const answers = await Promise.all([namesOf(lookup, '192.0.2.7'), namesOf(lookup, '192.0.2.7')]);

    expect(answers).toEqual([{ names: ['a.test'] }, { names: ['a.test'] }]);
    expect(resolver.asked).toEqual(['192.0.2.7', 'a.test']);
  });

  it('answers at once what it remembers, also that there is no name, until the time is over', async () => {
    const resolver = zone({});
    const lookup = lookupIn(resolver, { cacheMs: 100 });
    const clock = movable();
    await namesOf(lookup, '192.0.2.7', clock);

    clock.time = 99;
    expect(lookup.namesOf('192.0.2.7', clock)).toEqual({ names: [] });
    clock.time = 100;
    expect(isObservable(lookup.namesOf('192.0.2.7', clock))).toBe(true);
    expect(resolver.asked).toEqual(['192.0.2.7', '192.0.2.7']);
  });

  it('forgets what it found at a time that has not come yet, as after a clock was set back', async () => {
    const resolver = zone({});
    const lookup = lookupIn(resolver, { cacheMs: 1_000 });
    const clock = movable();
    clock.time = 10_000;
    await namesOf(lookup, '192.0.2.7', clock);
    clock.time = 9_999;
    await namesOf(lookup, '192.0.2.7', clock);

    expect(resolver.asked).toEqual(['192.0.2.7', '192.0.2.7']);
  });

  it('takes no name that DNS carries and hosts do not have, and does not ask for it', async () => {
    const resolver = zone({ '192.0.2.7': ['a b.example.com', '0x7f.1', 'a\0.example.com', ''] });

    expect(await namesOf(lookupIn(resolver), '192.0.2.7')).toEqual({ names: [] });
    expect(resolver.asked).toEqual(['192.0.2.7']);
  });

  it('remembers no failure', async () => {
    const resolver: HostNameResolver = { reverse: () => Promise.reject(absent('ESERVFAIL')), resolve: async () => [] };
    const lookup = lookupIn(resolver);
    await namesOf(lookup, '192.0.2.7');

    expect(lookup.size).toBe(0);
    expect(isObservable(lookup.namesOf('192.0.2.7', systemClock))).toBe(true);
  });

  it('forgets the address looked up first once there are too many, and what is past its time', async () => {
    const lookup = lookupIn(zone({}), { maxAddresses: 3, cacheMs: 100 });
    const clock = movable();
    for (const last of [1, 2, 3, 4]) await namesOf(lookup, `192.0.2.${String(last)}`, clock);

    expect(lookup.size).toBe(3);
    expect(isObservable(lookup.namesOf('192.0.2.2', clock))).toBe(false);
    clock.time = 100;
    await namesOf(lookup, '192.0.2.1', clock);
    expect(lookup.size).toBe(1);
  });

  it('looks up no more addresses at once than it was told, and others again when one is done', async () => {
    const pending: (() => void)[] = [];
    const resolver: HostNameResolver = {
      reverse: () =>
        new Promise((resolve) =>
          pending.push(() => {
            resolve([]);
          }),
        ),
      resolve: async () => [],
    };
    const lookup = lookupIn(resolver, { maxLookups: 2 });
    const first = namesOf(lookup, '192.0.2.1');
    void namesOf(lookup, '192.0.2.2');

    expect(lookup.namesOf('192.0.2.3', systemClock)).toBeUndefined();
    expect(isObservable(lookup.namesOf('192.0.2.2', systemClock))).toBe(true);
    pending[0]?.();
    await first;
    expect(isObservable(lookup.namesOf('192.0.2.3', systemClock))).toBe(true);
    expect(pending).toHaveLength(3);
    for (const answer of pending) answer();
  });

  it.each([
    [{ lookupTimeoutMs: 0 }, 'lookupTimeoutMs must be a finite number of milliseconds above 0, got 0'],
    [{ cacheMs: -1 }, 'cacheMs must be a finite number of milliseconds above 0, got -1'],
    [{ maxAddresses: 0 }, 'maxAddresses must be an integer of at least 1, got 0'],
    [{ maxLookups: 1.5 }, 'maxLookups must be an integer of at least 1, got 1.5'],
    // As JavaScript might.
    [{ resolver: {} as HostNameResolver }, 'resolver must be a HostNameResolver, got {}'],
  ])('refuses %o when it is made', (options, message) => {
    expect(() => new NameLookup('allowFrom', options)).toThrow(optionError(`allowFrom: ${message}`));
  });
});
