import fc from 'fast-check';
import { delay, filter, map, mergeMap, NEVER, of, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { banAfter } from '../../src/handlers/policies/abuse/ban-after.js';
import { penalties } from '../../src/handlers/policies/abuse/penalties.js';
import { tarpit } from '../../src/handlers/policies/abuse/tarpit.js';
import { uniformDelay } from '../../src/handlers/policies/abuse/uniform-delay.js';
import { allowFrom } from '../../src/handlers/policies/access/allow-from.js';
import { allowUsers } from '../../src/handlers/policies/access/allow-users.js';
import { denyFrom } from '../../src/handlers/policies/access/deny-from.js';
import { denyUsers } from '../../src/handlers/policies/access/deny-users.js';
import { during } from '../../src/handlers/policies/access/during.js';
import { grantKeyboardInteractive } from '../../src/handlers/policies/authentication/grant-keyboard-interactive.js';
import { grantPassword, type VerifyPassword } from '../../src/handlers/policies/authentication/grant-password.js';
import { grantPublicKey } from '../../src/handlers/policies/authentication/grant-public-key.js';
import { allOf } from '../../src/handlers/policies/composition/all-of.js';
import { anyOf } from '../../src/handlers/policies/composition/any-of.js';
import { approval } from '../../src/handlers/policies/composition/approval.js';
import { denyWhen } from '../../src/handlers/policies/composition/deny-when.js';
import { forSources } from '../../src/handlers/policies/composition/for-sources.js';
import { forUsers } from '../../src/handlers/policies/composition/for-users.js';
import { grantWhen } from '../../src/handlers/policies/composition/grant-when.js';
import { named } from '../../src/handlers/policies/composition/named.js';
import { shadow } from '../../src/handlers/policies/composition/shadow.js';
import { when } from '../../src/handlers/policies/composition/when.js';
import { expireWith } from '../../src/handlers/policies/lifetime/expire-with.js';
import { idleTimeout } from '../../src/handlers/policies/lifetime/idle-timeout.js';
import { quota } from '../../src/handlers/policies/lifetime/quota.js';
import { revokedBy } from '../../src/handlers/policies/lifetime/revoked-by.js';
import { sessionLimit } from '../../src/handlers/policies/lifetime/session-limit.js';
import { takeOver } from '../../src/handlers/policies/lifetime/take-over.js';
import { bandwidth } from '../../src/handlers/policies/limits/bandwidth.js';
import { maxAuthAttempts } from '../../src/handlers/policies/limits/max-auth-attempts.js';
import { maxPerUser } from '../../src/handlers/policies/limits/max-per-user.js';
import { rateLimit } from '../../src/handlers/policies/limits/rate-limit.js';
import { clockOf } from '../../src/streams/clock.js';
import { DenyReason } from '../../src/streams/deny-reason.js';
import type { FinalVerdict } from '../../src/streams/decision.js';
import { Edge } from '../../src/streams/edge.js';
import { EventHub } from '../../src/streams/event-hub.js';
import type { SSHUserAuthRequest } from '../../src/streams/events/ssh-user-auth-request.js';
import { PHASES, type Phase } from '../../src/streams/phase.js';
import { PolicyChains } from '../../src/streams/policy-chains.js';
import type { PolicyContext } from '../../src/streams/policy-context.js';
import type { PlacedPolicy } from '../../src/streams/policy-stage.js';
import type { Policy } from '../../src/streams/policy.js';
import { consider, decline } from '../../src/streams/verdict.js';
import { authRequest } from '../../src/testing/auth-request.js';
import { policyContext } from '../../src/testing/policy-context.js';
import { beginGrant } from '../handlers/policies/begin-grant.js';
import { deniedEvent } from '../handlers/policies/decisions.js';
import { keyOf, lineOf } from '../handlers/policies/keys.js';
import { type FakeClock, fakeClock } from '../../src/testing/fakes/fake-clock.js';

type Auth = SSHUserAuthRequest;
type MakePolicy = (clock: FakeClock) => Policy<Auth>;

const listed = keyOf(1);
const is =
  (user: string) =>
  (request: Auth): boolean =>
    request.user === user;
const accepts =
  (right: string): VerifyPassword =>
  (_user, password) =>
    password === right;

/** A ban that is in force when the first request comes. */
function bansOf(address: string, clock: FakeClock): Policy<Auth> {
  const bans = banAfter<Auth>({ failures: 1, windowMs: 60_000, banMs: 60_000 });
  const context = policyContext({ clock: clockOf(clock.scheduler) });
  const guess = authRequest.password('zoe', 'guess', { from: address });
  bans(of(consider<Auth>(guess, context))).subscribe();
  context.emit(deniedEvent(guess, DenyReason.BadCredential));
  return bans;
}

/** A limit that one user has reached when the first request comes. */
function limitReachedBy(user: string): Policy<Auth> {
  const limit = maxPerUser(1, { scope: 'connections' });
  const earlier = authRequest.password(user, 'secret', { connection: 99 });
  limit(of(consider<Auth>(earlier))).subscribe((verdict) => beginGrant(verdict));
  return limit;
}

/** A rate that one user has used up when the first request comes. */
function rateUsedUpBy(user: string, clock: FakeClock): Policy<Auth> {
  const rate = rateLimit<Auth>({
    limit: 1,
    windowMs: 60_000,
    keyOf: (request) => request.user,
    clock: clockOf(clock.scheduler),
  });
  rate(of(consider<Auth>(authRequest.password(user, 'secret')))).subscribe();
  return rate;
}

/**
 * Policies of every kind; what each decides does not depend on the others.
 *
 * Missing is what speaks of open requests alone and may then deny them: answers to questions, and callbacks of policies that
 * grant if they fail. Whether they are asked depends on who has granted before.
 */
const MEMBERS: Readonly<Record<string, MakePolicy>> = {
  // Sources of credentials
  'grants the password': () => grantPassword(accepts('secret')),
  'grants another password': () => grantPassword(accepts('other'), { name: 'others' }),
  'grants a password after a look': (clock) =>
    grantPassword((_user, password) => timer(5, clock.scheduler).pipe(map(() => password === 'slow'))),
  'grants a key': () => grantPublicKey(lineOf(listed)),
  'grants another key': () => grantPublicKey(lineOf(keyOf(2))),
  'asks questions': () => grantKeyboardInteractive({ prompts: [{ text: 'Code: ' }], verify: () => false }),
  'grants ann': () => grantWhen(is('ann')),
  'grants later': () => grantWhen((request) => of(is('bob')(request))),
  'declines all': () => map((verdict) => decline(verdict, 'reluctant', DenyReason.UserNotAllowed)),

  // Rules
  'denies root': () => denyWhen(is('root')),
  'denies later': (clock) => denyWhen((request) => timer(5, clock.scheduler).pipe(map(() => is('mallory')(request)))),
  'denies a network': () => denyFrom(['203.0.113.0/24']),
  'allows two networks': () => allowFrom(['192.0.2.0/24', '203.0.113.0/24']),
  'allows some users': () => allowUsers(['ann', 'bob', 'root']),
  'denies a user': () => denyUsers(['zoe']),
  'keeps hours': () => during(['thu 00:00-12:00']),
  'keeps other hours for one': () => forUsers(['bob'], during(['fri 00:00-12:00'])),
  'lets accounts expire': () => expireWith((request) => (is('zoe')(request) ? 0 : undefined)),

  // Limits and memories
  'counts attempts': () => maxAuthAttempts(3),
  'limits the rate': () => rateLimit({ limit: 100, windowMs: 60_000, keyOf: () => 'all' }),
  'has limited the rate': (clock) => rateUsedUpBy('mallory', clock),
  'limits connections': () => maxPerUser(5, { scope: 'connections' }),
  'has limited connections': () => limitReachedBy('bob'),
  'bans later': () => banAfter({ failures: 3, windowMs: 60_000, banMs: 60_000 }),
  'has banned': (clock) => bansOf('198.51.100.1', clock),
  penalises: () => penalties(),
  'paces data': () => bandwidth({ receiveBytesPerSecond: 1_000 }),
  'has a quota': () => quota({ bytes: 1_000, windowMs: 60_000 }),

  // Leases
  'limits the session': () => sessionLimit({ limitMs: 60_000 }),
  'ends idle sessions': () => idleTimeout({ idleMs: 60_000 }),
  'can be revoked': () => revokedBy(NEVER),
  'takes over': () => takeOver(),

  // Time
  'takes its time': (clock) => (verdict$) => verdict$.pipe(delay(20, clock.scheduler)),
  'holds some': (clock) => tarpit({ delayMs: 30, when: is('ann'), clock: clockOf(clock.scheduler) }),
  'delays refusals': (clock) =>
    uniformDelay(denyWhen<Auth>(is('root')), { floorMs: 50, clock: clockOf(clock.scheduler) }),
  'delays wrong passwords': (clock) =>
    uniformDelay(grantPassword(accepts('other')), { floorMs: 50, clock: clockOf(clock.scheduler) }),

  // Combinations
  'grants some a password': () => forUsers(['ann', 'm*'], grantPassword(accepts('other'))),
  'denies root from somewhere': () => forSources(['203.0.113.0/24'], denyWhen(is('root'))),
  'distinguishes cases': () => when(is('bob'), grantPassword(accepts('secret')), denyWhen(is('root'))),
  'takes one of several': () =>
    anyOf(grantPassword(accepts('secret')), denyWhen(is('mallory')), grantPublicKey(lineOf(keyOf(2)))),
  'takes one that may be forbidden': () =>
    anyOf(allOf(denyWhen(is('ann')), grantPassword(accepts('secret'))), grantPassword(accepts('other'))),
  'takes one of two networks': () => anyOf(allowFrom(['192.0.2.0/24']), allowFrom(['198.51.100.0/24'])),
  'takes all of several': () =>
    allOf(
      grantPassword(accepts('other')),
      grantWhen((request) => request.connection.remoteAddress === '192.0.2.1'),
    ),
  'denies with one of several': () => allOf(grantWhen(is('ann')), denyWhen(is('zoe'))),
  'goes by a name': () => named('somebody', denyWhen(is('mallory'))),
  'names several': () => named('several', anyOf(grantPassword(accepts('other')), denyWhen(is('root')))),
  'asks somebody': () => approval({ ask: ({ user }) => user !== 'eve' }),
  'has somebody grant': () => approval({ ask: ({ user }) => user !== 'zoe', grants: true }),
  'only watches a denial': () => shadow(denyWhen(() => true)),
  'only watches a grant': () => shadow(grantWhen(() => true)),
  'only watches a refusal': () => shadow(grantPassword(() => false)),

  // Those that people write themselves
  'fails for eve': () => (verdict$) =>
    verdict$.pipe(
      mergeMap((verdict) => (is('eve')(verdict.request) ? throwError(() => new Error('eve')) : of(verdict))),
    ),
  'is silent about eve': () => filter((verdict) => !is('eve')(verdict.request)),
  'does nothing': () => map((verdict) => verdict),
};
const NAMES = Object.keys(MEMBERS);

/** Asks for authentication, as a user from an address. */
type Ask = (user: string, from: string) => Auth;

const USERS = ['ann', 'bob', 'root', 'eve', 'mallory', 'zoe'];
const ADDRESSES = ['203.0.113.7', '192.0.2.1', '198.51.100.1'];
const ASKS: readonly Ask[] = [
  ...['secret', 'other', 'slow', 'guess'].map(
    (password): Ask =>
      (user, from) =>
        authRequest.password(user, password, { from }),
  ),
  (user, from) => authRequest.none(user, { from }),
  (user, from) => authRequest.offeredKey(user, lineOf(listed), { from }),
  (user, from) => authRequest.provenKey(user, lineOf(listed), { from }),
  (user, from) => authRequest.refutedKey(user, lineOf(listed), { from }),
  (user, from) => authRequest.keyboardInteractive(user, { from }),
];
const QUESTIONS = USERS.flatMap((user) =>
  ADDRESSES.flatMap((from) => ASKS.map((ask): readonly [user: string, from: string, ask: Ask] => [user, from, ask])),
);
const requests = fc.constantFrom(...QUESTIONS).map(([user, from, ask]) => ask(user, from));

interface Placement {
  readonly name: string;
  readonly phase: Phase;
}

/** Few of many: the more there are, the surer is one of them to deny whatever the others say. */
const placements = fc.uniqueArray(
  fc.record<Placement>({ name: fc.constantFrom(...NAMES), phase: fc.constantFrom<Phase>(...PHASES) }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 5, size: 'max' },
);
/** The same policies, twice in an order of their own. */
const reordered = placements.chain((placement) =>
  fc.tuple(
    fc.constant(placement),
    fc
      .tuple(
        fc.shuffledSubarray([...placement], { minLength: placement.length }),
        fc.array(fc.constantFrom<Phase>(...PHASES), { minLength: placement.length, maxLength: placement.length }),
      )
      .map(([shuffled, phases]) => shuffled.map(({ name }, index) => ({ name, phase: phases[index] ?? 'route' }))),
  ),
);

/** Decides `request` by these policies. */
function settle(
  policiesOf: (clock: FakeClock) => readonly PlacedPolicy<Auth>[],
  request: Auth,
): readonly FinalVerdict<Auth>[] {
  const clock = fakeClock();
  const hub = new EventHub();
  const chains = new PolicyChains(
    { SSHUserAuthRequest: policiesOf(clock) },
    () => undefined,
    (retired): PolicyContext => ({
      clock: clockOf(clock.scheduler),
      events: hub.streams,
      denials: hub.denials,
      retired,
      reevaluation: false,
      report: () => undefined,
      extendDeadline: (about, ms) => {
        edge.extendDeadline(about, ms);
      },
    }),
  );
  const edge = new Edge(chains, hub, clock, 1000);
  const settled: FinalVerdict<Auth>[] = [];
  edge.decide<'SSHUserAuthRequest'>(request, (verdict) => settled.push(verdict));
  clock.advance(120_000);
  return settled;
}

function make(name: string, clock: FakeClock): Policy<Auth> {
  const maker = MEMBERS[name];
  if (maker === undefined) throw new Error(`there is no policy that ${name}`);
  return maker(clock);
}

/** Decides `request` by fresh policies, each a stage of its own. */
const outcomeOf = (placement: readonly Placement[], request: Auth): readonly FinalVerdict<Auth>[] =>
  settle((clock) => placement.map(({ name, phase }) => ({ source: name, phase, policy: make(name, clock) })), request);

/** Decides `request` by fresh policies in one `.pipe()`. */
const outcomeInOnePipe = (placement: readonly Placement[], request: Auth): readonly FinalVerdict<Auth>[] =>
  settle((clock) => {
    const policies = placement.map(({ name }) => make(name, clock));
    const policy: Policy<Auth> = (verdict$) => policies.reduce((input$, next) => next(input$), verdict$);
    return [{ source: 'all', phase: 'authenticate', policy }];
  }, request);

/** What is granted: a challenge and an accepted offer let nobody in yet, and are not the same as a grant. */
const wordOf = (verdict: FinalVerdict<Auth> | undefined): string | undefined =>
  verdict?.state === 'granted' && verdict.challenge !== undefined ? 'challenged' : verdict?.state;

describe('the order of policies', () => {
  it('changes who denies and what it costs, never the outcome; and every request is settled exactly once', () => {
    fc.assert(
      fc.property(reordered, requests, ([placement, shuffled], request) => {
        const one = outcomeOf(placement, request);
        const other = outcomeOf(shuffled, request);

        expect(one).toHaveLength(1);
        expect(other).toHaveLength(1);
        expect(wordOf(other[0])).toBe(wordOf(one[0]));
      }),
      { numRuns: 3000 },
    );
  });

  it('changes nothing either where policies follow each other in one pipe', () => {
    fc.assert(
      fc.property(reordered, requests, ([placement, shuffled], request) => {
        const one = outcomeOf(placement, request);
        const other = outcomeInOnePipe(shuffled, request);

        expect(other).toHaveLength(1);
        expect(wordOf(other[0])).toBe(wordOf(one[0]));
      }),
      { numRuns: 200 },
    );
  });

  it('denies what nobody grants for a reason that one of them gave', () => {
    const sources = ['grants the password', 'grants another password', 'takes one of several', 'declines all'];
    fc.assert(
      fc.property(fc.shuffledSubarray([...sources], { minLength: 1 }), (names) => {
        const [verdict] = outcomeOf(
          names.map((name) => ({ name, phase: 'authenticate' })),
          authRequest.password('ann', 'guess', { from: '192.0.2.1' }),
        );

        expect(verdict).toMatchObject({
          state: 'denied',
          reason: names[0] === 'declines all' ? DenyReason.UserNotAllowed : DenyReason.BadCredential,
        });
      }),
    );
  });

  it('lets nobody in whom a policy denies, wherever that policy stands', () => {
    fc.assert(
      fc.property(placements, fc.nat(), requests, (placement, position, request) => {
        const others = placement.filter(({ name }) => name !== 'denies root');
        const at = position % (others.length + 1);
        const [verdict] = outcomeOf(
          [...others.slice(0, at), { name: 'denies root', phase: 'route' }, ...others.slice(at)],
          { ...request, user: 'root' },
        );

        expect(verdict?.state).toBe('denied');
      }),
      { numRuns: 200 },
    );
  });

  it('keeps every lease that was attached before and after the grant', () => {
    const request = authRequest.password('ann', 'secret', { from: '192.0.2.1' });
    fc.assert(
      fc.property(
        fc.shuffledSubarray(
          ['limits the session', 'ends idle sessions', 'declines all', 'grants ann', 'does nothing'],
          {
            minLength: 5,
          },
        ),
        (names) => {
          const [verdict] = outcomeOf(
            names.map((name) => ({ name, phase: 'authorize' })),
            request,
          );

          expect(verdict).toMatchObject({ state: 'granted', leases: [expect.anything(), expect.anything()] });
        },
      ),
    );
  });

  it('is put to the test by policies that grant, that deny, for whatever reason, and that do neither', () => {
    const seen = new Set<string | undefined>();
    for (const name of NAMES) {
      for (const [user, from, ask] of QUESTIONS) {
        const [verdict] = outcomeOf([{ name, phase: 'authenticate' }], ask(user, from));
        seen.add(verdict?.state === 'denied' ? verdict.reason : wordOf(verdict));
      }
    }

    expect([...seen].sort()).toEqual([
      'address-not-allowed',
      'bad-credential',
      'bad-signature',
      'banned',
      'challenged',
      'granted',
      'key-not-accepted',
      'limit-reached',
      'no-grant',
      'not-approved',
      'not-permitted',
      'outside-hours',
      'policy-failed',
      'policy-silent',
      'rate-limited',
      'user-not-allowed',
    ]);
  });
});
