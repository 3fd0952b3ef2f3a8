import { createHmac } from 'node:crypto';

import { EMPTY, of, Subject } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import {
  grantHostBased,
  type GrantHostBasedOptions,
} from '../../../../src/handlers/policies/authentication/grant-host-based.js';
import { parseUserKey } from '../../../../src/protocol/authentication/user-key.js';
import { authKeyOf } from '../../../../src/streams/auth-request.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type {
  ProvenHostAuthRequest,
  SSHUserAuthRequest,
} from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { consider } from '../../../../src/streams/verdict.js';
import { policyContext } from '../../../../src/testing/index.js';
import { type CertificateContent, makeCertificate, makeWireKey } from '../../../support/certificates.js';
import { marbles } from '../../../support/marbles.js';
import { disconnectedEvent } from '../decisions.js';
import { keyOf, lineOf } from '../keys.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { authRequests, provenHost, refutedHost } from '../requests.js';
import { answersTo, decisionOn, declinedBy, deniedBy, granted, grantedBy } from '../verdicts.js';
import { virtualTime } from '../virtual-time.js';

const by = 'grantHostBased';
const known = keyOf(1);
const stranger = keyOf(2);
const fromDesk = provenHost(known);
const fromElsewhere = provenHost(stranger);

const ofDesk = `desk.example.com ${lineOf(known)}`;

const trusting = (options: Partial<GrantHostBasedOptions> = {}): Policy<SSHUserAuthRequest> =>
  grantHostBased({ hosts: ofDesk, allow: () => true, ...options });

const decline = (request: SSHUserAuthRequest, reason: DenyReason) =>
  declinedBy<SSHUserAuthRequest>(by, request, reason);

const values = {
  k: consider<SSHUserAuthRequest>(fromDesk),
  s: consider<SSHUserAuthRequest>(fromElsewhere),
  r: consider<SSHUserAuthRequest>(refutedHost(known)),
  K: grantedBy<SSHUserAuthRequest>(by, fromDesk),
  S: decline(fromElsewhere, DenyReason.KeyNotAccepted),
  R: decline(refutedHost(known), DenyReason.BadSignature),
  F: deniedBy<SSHUserAuthRequest>(by, fromElsewhere, DenyReason.PolicyFailed, 'broken'),
};

const named = (clientHostName: string, key = known): ProvenHostAuthRequest => ({ ...provenHost(key), clientHostName });

describe('grantHostBased', () => {
  obeysTheLawsOfPolicies<SSHUserAuthRequest>({
    name: by,
    make: (options) => trusting(options),
    decides: fromDesk,
  });

  it(
    'grants known hosts and declines unknown ones and wrong signatures, at once',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -k-s-r-(ksr)|', values);
      const expected = '    -K-S-R-(KSR)|';
      const subs = '        ^-----------!';

      expectObservable(source.pipe(trusting())).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it(
    'looks hosts up side by side, and denies only the request whose look-up fails',
    marbles(({ cold, hot, expectObservable }) => {
      const source = hot('  sk------|', values);
      const fails = cold('----#', {}, 'broken');
      const finds = cold('   --(t|)', { t: ofDesk });
      const expected = '    ---KF---|';
      const hosts: GrantHostBasedOptions['hosts'] = (_host, { key }) => (key === known ? finds : fails);

      expectObservable(source.pipe(trusting({ hosts }))).toBe(expected, values);
    }),
  );

  it('asks whether the user may come in from there, and grants nothing else than true', () => {
    const allow = vi.fn(() => true);
    decisionOn(trusting({ allow }), fromDesk);

    expect(allow).toHaveBeenCalledExactlyOnceWith('desk.example.com', fromDesk);
    for (const answer of [() => false, () => EMPTY, () => 'yes' as unknown as boolean, () => of(false, true)]) {
      expect(decisionOn(trusting({ allow: answer }), fromDesk)).toEqual(decline(fromDesk, DenyReason.UserNotAllowed));
    }
  });

  it('asks nobody about a host whose key is not known, or has not signed', () => {
    const allow = vi.fn(() => true);
    for (const request of [fromElsewhere, refutedHost(known), named('desk.example.com\0.example.org')]) {
      decisionOn(trusting({ allow }), request);
    }

    expect(allow).not.toHaveBeenCalled();
  });

  it.each([
    ['completes without a value', () => EMPTY],
    ['finds nothing', () => ''],
  ])('declines if the look-up %s', (_what, hosts) => {
    expect(decisionOn(trusting({ hosts }), fromDesk)).toEqual(decline(fromDesk, DenyReason.KeyNotAccepted));
  });

  it.each([
    ['hosts', { hosts: broken }],
    ['allow', { allow: broken }],
  ])('denies what %s throws on, with the cause', (_what, options) => {
    expect(decisionOn(trusting(options), fromDesk)).toEqual(
      deniedBy(by, fromDesk, DenyReason.PolicyFailed, new Error('broken')),
    );
  });

  it('denies if a look-up brings no text', () => {
    // @ts-expect-error the lines of a file are text
    expect(decisionOn(trusting({ hosts: () => [ofDesk] }), fromDesk)).toMatchObject({
      state: 'denied',
      reason: DenyReason.PolicyFailed,
    });
  });

  it.each(Object.entries(authRequests).filter(([, request]) => request.method !== 'hostbased'))(
    'leaves requests of another kind open: %s',
    (_kind, request) => {
      expect(decisionOn(trusting(), request)).toEqual(consider(request));
    },
  );

  it('asks nobody about what was granted before', () => {
    const allow = vi.fn(() => false);
    const verdict = granted<SSHUserAuthRequest>(fromDesk);

    expect(answersTo(trusting({ allow }), verdict)).toEqual([verdict]);
    expect(allow).not.toHaveBeenCalled();
  });
});

describe('a line of known hosts is for', () => {
  const hashed = (name: string): string => {
    const salt = Buffer.alloc(20, 3);
    return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
  };

  it.each([
    ['desk.example.com', 'desk.example.com.', true],
    ['desk.example.com', 'DESK.example.com', true],
    ['DESK.EXAMPLE.COM.', 'desk.example.com', true],
    ['*.example.com', 'desk.example.com.', true],
    ['*.example.com', 'example.com.', false],
    ['desk?.example.com', 'desk1.example.com.', true],
    ['*,!desk.example.com', 'desk.example.com.', false],
    ['!desk.example.com,*', 'other.example.com.', true],
    ['!desk.example.com', 'other.example.com.', false],
    [hashed('desk.example.com'), 'desk.example.com.', true],
    [hashed('desk.example.com'), 'desk2.example.com.', false],
    [`db.example.com,${hashed('desk.example.com')}`, 'desk.example.com.', true],
    [`${hashed('desk.example.com')},!desk.*`, 'desk.example.com.', false],
    ['[desk.example.com]:2222', 'desk.example.com.', false],
    ['192.0.2.7', '192.0.2.7', false],
    ['*', '192.0.2.7', false],
    ['*', '', false],
    ['*', 'desk example', false],
  ])('%s, and the client says %s: %s', (hosts, name, isKnown) => {
    const { state } = decisionOn(trusting({ hosts: `${hosts} ${lineOf(known)}` }), named(name));

    expect(state).toBe(isKnown ? 'granted' : 'open');
  });
});

describe('a revoked key', () => {
  it('is denied, so that nobody else grants it, whatever other lines say', () => {
    for (const hosts of [`${ofDesk}@revoked * ${lineOf(known)}`, `@revoked * ${lineOf(known)}${ofDesk}`]) {
      expect(decisionOn(trusting({ hosts }), fromDesk)).toEqual(deniedBy(by, fromDesk, DenyReason.KeyRevoked));
    }
  });

  it('of other hosts is none of this one', () => {
    const hosts = `${ofDesk}@revoked db.example.com ${lineOf(known)}`;

    expect(decisionOn(trusting({ hosts }), fromDesk)).toEqual(values.K);
  });

  it.each([
    ['', '* ssh-ed25519 AAAA!', 'the key is not base64'],
    [' for a host', `|2|AAAA|AAAA ${lineOf(known)}`, 'a hashed name is'],
  ])('that cannot be read%s is trusted by nobody', (_what, line, why) => {
    const hosts = `${ofDesk}@revoked ${line}`;

    expect(() => trusting({ hosts, onProblem: () => undefined })).toThrow(
      optionError(expect.stringContaining(`line 2 revokes a key, and cannot be read: ${why}`) as string),
    );
    expect(decisionOn(trusting({ hosts: () => hosts }), fromDesk)).toMatchObject({ reason: DenyReason.PolicyFailed });
  });
});

describe('a certificate of a host', () => {
  const authority = makeWireKey();
  const host = makeWireKey();
  const lineOfAuthority = lineOf(shown(authority.blob));
  const { clock, advance } = virtualTime();

  const certified = (content: Partial<CertificateContent> = {}): ProvenHostAuthRequest =>
    provenHost(
      shown(makeCertificate({ key: host.blob, authority, type: 2, principals: ['desk.example.com'], ...content })),
    );

  const outcome = (request: ProvenHostAuthRequest, hosts = `@cert-authority *.example.com ${lineOfAuthority}`) => {
    const verdict = decisionOn(trusting({ hosts, clock }), request);
    if (verdict.state === 'denied') return verdict.reason;
    return verdict.state === 'open' ? verdict.declined?.reason : 'granted';
  };

  it('is good for the hosts that it names, where its authority is marked for them', () => {
    expect(outcome(certified())).toBe('granted');
    expect(outcome(certified({ principals: ['db.example.com', 'DESK.example.com.'] }))).toBe('granted');
  });

  it.each([
    { why: 'names another host', request: certified({ principals: ['db.example.com'] }) },
    { why: 'names none', request: certified({ principals: [] }) },
    { why: 'names a pattern', request: certified({ principals: ['*.example.com'] }) },
    { why: 'has an option that nobody knows', request: certified({ criticalOptions: { 'force-command': 'date' } }) },
    { why: 'is of an unknown authority', request: certified({ authority: makeWireKey() }) },
    { why: 'is of an authority for other hosts', hosts: `@cert-authority db.example.com ${lineOfAuthority}` },
    { why: 'is signed by what is marked as the key of a host', hosts: `desk.example.com ${lineOfAuthority}` },
    { why: 'has a key that is known by itself', hosts: `desk.example.com ${lineOf(shown(host.blob))}` },
  ])('is not good if it $why', ({ request = certified(), hosts }) => {
    expect(outcome(request, hosts)).toBe(DenyReason.KeyNotAccepted);
  });

  it('is revoked with its key, and with its authority', () => {
    const trusted = `@cert-authority * ${lineOfAuthority}`;

    expect(outcome(certified(), `${trusted}@revoked * ${lineOf(shown(host.blob))}`)).toBe(DenyReason.KeyRevoked);
    expect(outcome(certified(), `${trusted}@revoked * ${lineOfAuthority}`)).toBe(DenyReason.KeyRevoked);
  });

  it('is good from its first second to its last', () => {
    const second = BigInt(clock.now() / 1000);
    const request = certified({ validAfter: second + 10n, validBefore: second + 20n });
    const seen = [9_999, 1, 9_999, 1].map((ms) => {
      advance(ms);
      return outcome(request);
    });

    expect(seen).toEqual([DenyReason.KeyNotAccepted, 'granted', 'granted', DenyReason.KeyNotAccepted]);
  });
});

describe('a host that is asked about for long', () => {
  it.each(['hosts', 'allow'])('costs no more of %s when its connection ends', (slow) => {
    const answer = new Subject<never>();
    const context = policyContext();
    const policy = trusting({ [slow]: () => answer });
    const states: string[] = [];
    policy(of(consider<SSHUserAuthRequest>(fromDesk, context))).subscribe(({ state }) => states.push(state));
    expect([states, answer.observed]).toEqual([[], true]);
    context.emit(disconnectedEvent(fromDesk.connection));
    expect([states, answer.observed]).toEqual([['denied'], false]);
  });
});

describe('the lines that give no key', () => {
  it('are told of, and skipped', () => {
    const onProblem = vi.fn();
    const hosts = `desk ssh-dss AAAA\n${ofDesk}`;

    expect(decisionOn(trusting({ hosts, onProblem }), fromDesk)).toEqual(values.K);
    expect(decisionOn(trusting({ hosts: () => hosts, onProblem }), fromDesk)).toEqual(values.K);
    expect(onProblem.mock.calls).toEqual([
      [{ line: 1, message: 'the key does not name its type', isRevocation: false }],
      [{ line: 1, message: 'the key does not name its type', isRevocation: false }],
    ]);
  });

  it('are a mistake in the text that a policy is made with, if nobody is told', () => {
    expect(() => trusting({ hosts: `desk ssh-dss AAAA\n${ofDesk}` })).toThrow(
      optionError(expect.stringContaining('grantHostBased: hosts cannot be used, since line 1 is wrong') as string),
    );
    expect(decisionOn(trusting({ hosts: () => `desk ssh-dss AAAA\n${ofDesk}` }), fromDesk)).toEqual(values.K);
  });
});

/** What a request shows of a key, or of a certificate of a host. */
function shown(blob: Buffer) {
  const key = parseUserKey(blob, { holder: 'host' });
  if (key === undefined) throw new Error('there is no key in these bytes');
  return authKeyOf(key);
}

function broken(): never {
  throw new Error('broken');
}
