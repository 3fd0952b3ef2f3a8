import { map, NEVER } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { grantPassword } from '../../src/handlers/policies/authentication/grant-password.js';
import { allOf } from '../../src/handlers/policies/composition/all-of.js';
import { anyOf } from '../../src/handlers/policies/composition/any-of.js';
import { denyWhen } from '../../src/handlers/policies/composition/deny-when.js';
import { grantWhen } from '../../src/handlers/policies/composition/grant-when.js';
import { named } from '../../src/handlers/policies/composition/named.js';
import { DenyReason } from '../../src/streams/deny-reason.js';
import type { FinalVerdict } from '../../src/streams/decision.js';
import { Edge } from '../../src/streams/edge.js';
import { EventHub } from '../../src/streams/event-hub.js';
import type { Decided } from '../../src/streams/events/decided.js';
import type { SSHUserAuthRequest } from '../../src/streams/events/ssh-user-auth-request.js';
import type { Phase } from '../../src/streams/phase.js';
import { PolicyChains } from '../../src/streams/policy-chains.js';
import type { PlacedPolicy } from '../../src/streams/policy-stage.js';
import type { Policy } from '../../src/streams/policy.js';
import {
  acceptOffer,
  challenge,
  consider,
  decline,
  deny,
  grant,
  requestPasswordChange,
  serveWith,
  type Verdict,
  withLease,
} from '../../src/streams/verdict.js';
import { authRequest } from '../../src/testing/auth-request.js';
import { policyContext } from '../../src/testing/policy-context.js';
import { keyOf, lineOf } from '../handlers/policies/keys.js';
import { fakeClock } from '../../src/testing/fakes/fake-clock.js';

type Auth = SSHUserAuthRequest;

const request = authRequest.password('ann', 'guess');
const open = consider<Auth>(request);
const declining = (by: string, reason: DenyReason): Policy<Auth> => map((verdict) => decline(verdict, by, reason));
const grantedByOthers = (verdict: Verdict<Auth>): Verdict<Auth> => grant<Auth>(verdict, request, 'others');
const reluctant = (verdict: Verdict<Auth>, by = 'keys'): Verdict<Auth> =>
  decline(verdict, by, DenyReason.KeyNotAccepted);

const passing: Policy<Auth> = (verdict$) => verdict$.pipe(map((verdict) => verdict));
const granting = (by: string): Policy<Auth> => grantWhen(() => true, { name: by });

const stage = (source: string, phase: Phase, policy: Policy<Auth>): PlacedPolicy<Auth> => ({ source, phase, policy });

/** What becomes of the request under these policies. */
function decide(...policies: readonly PlacedPolicy<Auth>[]) {
  const hub = new EventHub();
  const decided: Decided[] = [];
  hub.streams.Decided.subscribe((event) => decided.push(event));
  const edge = new Edge(
    new PolicyChains({ SSHUserAuthRequest: policies }, (error) => {
      throw error;
    }),
    hub,
    fakeClock(),
    1000,
  );
  const settled: FinalVerdict<Auth>[] = [];
  edge.decide<'SSHUserAuthRequest'>(request, (verdict) => {
    settled.push(verdict);
  });
  return { settled, decided };
}

describe('decline', () => {
  it('leaves an open verdict open, with the reason', () => {
    expect(decline<Auth>(open, 'keys', DenyReason.KeyNotAccepted)).toEqual({
      state: 'open',
      request,
      leases: [],
      declined: { by: 'keys', reason: DenyReason.KeyNotAccepted },
    });
  });

  it('keeps the leases and the context', () => {
    const context = policyContext();
    const verdict = withLease<Auth>(consider(request, context), NEVER);

    expect(reluctant(verdict)).toMatchObject({ leases: [NEVER] });
    expect(reluctant(verdict).context).toBe(context);
    expect(withLease(reluctant(open), NEVER)).toMatchObject({ leases: [NEVER], declined: { by: 'keys' } });
  });

  it('keeps the first reason', () => {
    const first = reluctant(open);

    expect(decline(first, 'passwords', DenyReason.BadCredential)).toBe(first);
  });

  it('leaves granted and denied verdicts as they are', () => {
    const granted = grantedByOthers(open);
    const denied = deny<Auth>(open, 'hours', DenyReason.OutsideHours);

    expect(reluctant(granted)).toBe(granted);
    expect(reluctant(denied)).toBe(denied);
  });

  const offer = authRequest.offeredKey('ann', lineOf(keyOf(1)));
  const start = authRequest.keyboardInteractive('ann');
  it.each<readonly [string, Verdict<unknown>]>([
    ['a grant', grantedByOthers(reluctant(open))],
    ['an accepted offer', acceptOffer(decline(consider(offer), 'keys', DenyReason.KeyNotAccepted), offer, 'others')],
    [
      'a challenge',
      challenge(decline(consider(start), 'keys', DenyReason.KeyNotAccepted), start, { prompts: [] }, 'others'),
    ],
    ['a wish for a new password', requestPasswordChange(reluctant(open), request, { prompt: 'New: ' }, 'others')],
    ['a service', serveWith(reluctant(open), 'others', () => undefined)],
  ])('is forgotten by %s', (_what, verdict) => {
    expect(verdict).toMatchObject({ state: 'granted', by: 'others' });
    expect(verdict).not.toHaveProperty('declined');
  });

  it('is forgotten by a denial, which has a reason of its own', () => {
    const verdict = deny(reluctant(open), 'hours', DenyReason.OutsideHours);

    expect(verdict).toEqual({ state: 'denied', request, by: 'hours', reason: DenyReason.OutsideHours });
  });
});

describe('a request that policies decline', () => {
  it('is denied, if nobody grants it, with the first reason, by the first policy, at its place', () => {
    const { settled, decided } = decide(
      stage('Desk.watch', 'limit', passing),
      stage('Desk.keys', 'authenticate', declining('keys', DenyReason.KeyNotAccepted)),
      stage('Desk.passwords', 'authenticate', declining('passwords', DenyReason.BadCredential)),
      stage('Desk.last', 'route', passing),
    );

    expect(settled).toEqual([{ state: 'denied', request, by: 'keys', reason: DenyReason.KeyNotAccepted }]);
    expect(decided).toMatchObject([
      {
        outcome: 'denied',
        by: 'keys',
        reason: DenyReason.KeyNotAccepted,
        source: 'Desk.keys',
        phase: 'authenticate',
      },
    ]);
  });

  it('is granted by whoever grants it afterwards or before, in the name and at the place of that policy', () => {
    const keys = stage('Desk.keys', 'authenticate', declining('keys', DenyReason.KeyNotAccepted));
    const guests = stage('Desk.guests', 'authenticate', granting('guests'));

    for (const stages of [
      [keys, guests],
      [guests, keys],
    ]) {
      const { settled, decided } = decide(...stages);
      expect(settled).toEqual([{ state: 'granted', request, by: 'guests', leases: [] }]);
      expect(decided).toMatchObject([{ outcome: 'granted', by: 'guests', source: 'Desk.guests' }]);
    }
  });

  it('is denied for the reason of whoever forbids it, before or after', () => {
    const keys = stage('Desk.keys', 'authenticate', declining('keys', DenyReason.KeyNotAccepted));
    const hours = stage(
      'Desk.hours',
      'authenticate',
      denyWhen(() => true, { name: 'hours', reason: DenyReason.OutsideHours }),
    );

    for (const stages of [
      [keys, hours],
      [hours, keys],
    ]) {
      const { decided } = decide(...stages);
      expect(decided).toMatchObject([
        { outcome: 'denied', by: 'hours', reason: DenyReason.OutsideHours, source: 'Desk.hours' },
      ]);
    }
  });

  it('keeps the first reason and its place, whatever a later policy makes of the verdict', () => {
    const forgetful: Policy<Auth> = map((verdict) =>
      verdict.state === 'open' ? { state: 'open', request: verdict.request, leases: verdict.leases } : verdict,
    );
    const { decided } = decide(
      stage('Desk.keys', 'limit', declining('keys', DenyReason.KeyNotAccepted)),
      stage('Desk.forgetful', 'authorize', forgetful),
      stage('Desk.passwords', 'route', declining('passwords', DenyReason.BadCredential)),
    );

    expect(decided).toMatchObject([{ by: 'keys', reason: DenyReason.KeyNotAccepted, source: 'Desk.keys' }]);
  });

  it('is denied with the first reason of a stage of several policies', () => {
    const { decided } = decide(
      stage('Desk.signIn', 'authenticate', (verdict$) =>
        verdict$.pipe(
          grantPassword(() => false, { name: 'staff' }),
          grantPassword(() => false, { name: 'guests' }),
        ),
      ),
    );

    expect(decided).toMatchObject([{ by: 'staff', reason: DenyReason.BadCredential, source: 'Desk.signIn' }]);
  });

  it.each<readonly [string, Policy<Auth>, string]>([
    [
      'anyOf',
      anyOf(
        passing,
        grantPassword(() => false),
      ),
      'grantPassword',
    ],
    [
      'allOf',
      allOf(
        grantWhen(() => true),
        grantPassword(() => false),
      ),
      'grantPassword',
    ],
    [
      'named',
      named(
        'staff',
        grantPassword(() => false),
      ),
      'staff',
    ],
    ['one in the other', named('staff', anyOf(allOf(grantPassword(() => false)), passing)), 'staff'],
  ])('is denied with the reason that %s carries', (_what, policy, by) => {
    const { decided } = decide(stage('Desk.signIn', 'authenticate', policy));

    expect(decided).toMatchObject([
      { outcome: 'denied', by, reason: DenyReason.BadCredential, source: 'Desk.signIn', phase: 'authenticate' },
    ]);
  });

  it('is denied as unheard if it was not declined', () => {
    const { decided } = decide(stage('Desk.watch', 'limit', passing));

    expect(decided).toMatchObject([{ by: 'rxsshd', reason: DenyReason.NoGrant, source: 'rxsshd', phase: 'route' }]);
  });
});
