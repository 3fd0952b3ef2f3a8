import { EMPTY, NEVER, of, Subject } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import {
  grantCertificate,
  type GrantCertificateOptions,
} from '../../../../src/handlers/policies/authentication/grant-certificate.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { AuthKey, SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import { restrictionOf } from '../../../../src/streams/restriction.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { channelOpen, globalRequest, held, policyContext } from '../../../../src/testing/index.js';
import { type CertificateContent, makeCertificate, makeWireKey } from '../../../support/certificates.js';
import { marbles } from '../../../support/marbles.js';
import { makeSkEcdsa } from '../../../protocol/authentication/security-key.js';
import { beginGrant } from '../begin-grant.js';
import { disconnectedEvent } from '../decisions.js';
import { authKeyOf, lineOf } from '../keys.js';
import { obeysTheLawsOfPolicies } from '../policy-laws.js';
import { authRequests, channelRequest, offered, proven, refuted } from '../requests.js';
import { answersTo, decisionOn, declinedBy, deniedBy, granted, grantedBy } from '../verdicts.js';
import { virtualTime } from '../virtual-time.js';

const authority = makeWireKey();
const stranger = makeWireKey();
const user = makeWireKey();
const authorities = lineOf(authKeyOf(authority.blob));

const EVERYTHING = {
  'permit-pty': true,
  'permit-port-forwarding': true,
  'permit-agent-forwarding': true,
  'permit-X11-forwarding': true,
  'permit-user-rc': true,
} as const;

/** A certificate that restricts nothing unless told so. */
const certified = (content: Partial<CertificateContent> = {}): AuthKey =>
  authKeyOf(makeCertificate({ key: user.blob, authority, extensions: EVERYTHING, ...content }));

const make = (options: Partial<GrantCertificateOptions> = {}) => grantCertificate({ authorities, ...options });
const decide = (request: SSHUserAuthRequest, options?: Partial<GrantCertificateOptions>): Verdict<SSHUserAuthRequest> =>
  decisionOn<SSHUserAuthRequest>(make(options), request);
const outcome = (request: SSHUserAuthRequest, options?: Partial<GrantCertificateOptions>): string => {
  const verdict = decide(request, options);
  return verdict.state === 'open' ? (verdict.declined?.reason ?? 'open') : verdict.state;
};
const clockAt = (seconds: number) => {
  const time = virtualTime();
  time.set(seconds * 1000);
  return { clock: time.clock };
};

const good = certified();
const foreign = certified({ authority: stranger });
const nobodys = certified({ principals: ['bob'] });

const values = {
  o: consider<SSHUserAuthRequest>(offered(good)),
  p: consider<SSHUserAuthRequest>(proven(good)),
  x: consider<SSHUserAuthRequest>(proven(nobodys)),
  f: consider<SSHUserAuthRequest>(proven(foreign)),
  O: grantedBy<SSHUserAuthRequest>('grantCertificate', offered(good)),
  P: grantedBy<SSHUserAuthRequest>('grantCertificate', proven(good)),
  X: declinedBy<SSHUserAuthRequest>('grantCertificate', proven(nobodys), DenyReason.KeyNotAccepted),
  F: deniedBy<SSHUserAuthRequest>('grantCertificate', offered(good), DenyReason.PolicyFailed, 'broken'),
};

describe('grantCertificate', () => {
  obeysTheLawsOfPolicies<SSHUserAuthRequest>({
    name: 'grantCertificate',
    make,
    decides: proven(nobodys),
    spares: proven(good),
  });

  it(
    'accepts the offer and grants the proof of a certificate by an authority, and leaves others alone, at once',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -o-p-x-f-(opx)|', values);
      const expected = '    -O-P-X-f-(OPX)|';
      const subs = '        ^-------------!';

      expectObservable(source.pipe(make())).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it(
    'asks for principals side by side, and denies only the request whose question fails',
    marbles(({ cold, hot, expectObservable }) => {
      const source = hot('  op-------|', values);
      const fails = cold<readonly string[]>('------#', {}, 'broken');
      const finds = cold<readonly string[]>('--t|', { t: ['ann'] });
      const expected = '    ---P--F--|';
      const policy = make({ principalsOf: (_user, request) => (request.stage === 'offered' ? fails : finds) });

      expectObservable(source.pipe(policy)).toBe(expected, values);
    }),
  );

  it(
    'is not held up by a question that is never answered',
    marbles(({ hot, expectObservable }) => {
      const source = hot('  op-|', values);
      const expected = '    -P--';
      const policy = make({ principalsOf: (_user, request) => (request.stage === 'offered' ? NEVER : ['ann']) });

      expectObservable(source.pipe(policy)).toBe(expected, values);
    }),
  );

  it('declines a wrong signature by a good certificate, and asks nobody', () => {
    const principalsOf = vi.fn(() => ['ann']);
    expect(outcome(refuted(good), { principalsOf })).toBe(DenyReason.BadSignature);
    expect(outcome(refuted(foreign))).toBe('open');
    expect(principalsOf).not.toHaveBeenCalled();
  });

  it.each(Object.entries(authRequests))('leaves what shows no certificate open: %s', (_kind, request) => {
    expect(decide(request)).toEqual(consider(request));
  });

  it('leaves what was granted before as it is, and asks nobody', () => {
    const principalsOf = vi.fn(() => ['ann']);
    const before = granted<SSHUserAuthRequest>(proven(nobodys));
    expect(answersTo<SSHUserAuthRequest>(make({ principalsOf }), before)).toEqual([before]);
    expect(principalsOf).not.toHaveBeenCalled();
  });

  it('trusts every authority that it was given, and no other', () => {
    const both = [authorities, lineOf(authKeyOf(stranger.blob), 'cert-authority')];
    expect(outcome(proven(foreign), { authorities: both })).toBe('granted');
    expect(outcome(proven(good), { authorities: both })).toBe('granted');
    expect(outcome(proven(good), { authorities: both.join('') })).toBe('granted');
    expect(outcome(proven(certified({ authority: makeWireKey() })), { authorities: both })).toBe('open');
  });

  it('finds an authority whose bytes are a view on a larger buffer', () => {
    const packet = Buffer.concat([Buffer.alloc(7, 0xff), authority.blob, Buffer.alloc(7, 0xff)]);
    const blob = new Uint8Array(packet.buffer, packet.byteOffset + 7, authority.blob.length);
    const { certificate } = good;
    if (certificate === undefined) throw new Error('no certificate');
    const key = { ...good, certificate: { ...certificate, authority: { ...certificate.authority, blob } } };
    expect(outcome(proven(key))).toBe('granted');
  });

  describe('principals', () => {
    it.each([
      [['ann'], 'granted'],
      [['bob', 'ann'], 'granted'],
      [['ann '], DenyReason.KeyNotAccepted],
      [['*'], DenyReason.KeyNotAccepted],
      [[''], DenyReason.KeyNotAccepted],
      [[], DenyReason.KeyNotAccepted],
    ])('%j and the user ann: %s', (principals, expected) => {
      expect(outcome(proven(certified({ principals })))).toBe(expected);
    });

    it.each([
      ['a list', () => ['ops', 'bob'], 'granted'],
      ['none', () => [], DenyReason.KeyNotAccepted],
      ['others', () => ['ann'], DenyReason.KeyNotAccepted],
      ['an Observable', () => of(['bob']), 'granted'],
      ['an Observable of nothing', () => EMPTY, DenyReason.KeyNotAccepted],
    ] as const)('may be those of a function: %s', (_what, principalsOf, expected) => {
      expect(outcome(proven(nobodys), { principalsOf })).toBe(expected);
    });

    it('are asked for by user and request', () => {
      const principalsOf = vi.fn(() => ['bob']);
      const request = proven(nobodys, 'carol');
      expect(outcome(request, { principalsOf })).toBe('granted');
      expect(principalsOf).toHaveBeenCalledExactlyOnceWith('carol', request);
    });

    it.each([
      ['a text', 'bob'],
      ['an empty name', ['bob', '']],
      ['numbers', [5]],
      ['null', null],
    ])('that are %s deny the request', (_what, answer) => {
      // JavaScript may answer anything.
      const principalsOf = () => answer as unknown as string[];
      expect(decide(proven(nobodys), { principalsOf })).toMatchObject({
        state: 'denied',
        reason: DenyReason.PolicyFailed,
      });
    });

    it('deny with the cause if the function throws', () => {
      const cause = new Error('no directory');
      const principalsOf = () => {
        throw cause;
      };
      expect(decide(proven(good), { principalsOf })).toEqual(
        deniedBy('grantCertificate', proven(good), DenyReason.PolicyFailed, cause),
      );
    });
  });

  describe('validity', () => {
    const key = certified({ validAfter: 100n, validBefore: 200n });

    it.each([
      [99.999, DenyReason.KeyNotAccepted],
      [100, 'granted'],
      [199.999, 'granted'],
      [200, DenyReason.KeyNotAccepted],
    ])('at %d seconds: %s', (seconds, expected) => {
      expect(outcome(proven(key), clockAt(seconds))).toBe(expected);
      expect(outcome(offered(key), clockAt(seconds))).toBe(expected);
    });

    it('ends the session at the end of the certificate, with a warning before', () => {
      const time = virtualTime();
      time.set(150_000);
      const policy = make({ clock: time.clock, warnBeforeMs: 20_000, graceMs: 7, name: 'staff' });
      const grant = beginGrant(decisionOn<SSHUserAuthRequest>(policy, proven(key)), held({ clock: time.clock }));
      time.advance(49_999);
      expect(grant.signals).toEqual([{ type: 'warn', message: 'This session ends in 20 seconds' }]);
      time.advance(1);
      expect(grant.signals.slice(1)).toEqual([
        { type: 'revoke', reason: 'the key that this session was opened with has expired', by: 'staff', graceMs: 7 },
      ]);
    });
  });

  describe('source-address', () => {
    it.each([
      ['192.0.2.7', 'granted'],
      ['192.0.2.0/24', 'granted'],
      ['2001:db8::/32,192.0.2.7/32', 'granted'],
      ['192.0.2.8', DenyReason.AddressNotAllowed],
      ['203.0.113.0/24', DenyReason.AddressNotAllowed],
      ['', DenyReason.KeyNotAccepted],
      ['*', DenyReason.KeyNotAccepted],
      ['192.0.2.*', DenyReason.KeyNotAccepted],
      ['192.0.2.7/24', DenyReason.KeyNotAccepted],
      ['192.0.2.7,', DenyReason.KeyNotAccepted],
      ['!203.0.113.1,192.0.2.7', DenyReason.KeyNotAccepted],
      ['host.example.com', DenyReason.KeyNotAccepted],
    ])('%j and the client 192.0.2.7: %s', (value, expected) => {
      expect(outcome(proven(certified({ criticalOptions: { 'source-address': value } })))).toBe(expected);
    });

    it('keeps out a client whose address is unknown', () => {
      const key = certified({ criticalOptions: { 'source-address': '0.0.0.0/0,::/0' } });
      expect(outcome(proven(key, 'ann', ''))).toBe(DenyReason.AddressNotAllowed);
      expect(outcome(proven(key, 'ann', '2001:db8::1'))).toBe('granted');
    });
  });

  describe('options', () => {
    it.each([
      { 'newest@example.com': 'x' },
      { 'newest@example.com': true },
      { 'Force-Command': 'x' },
      { 'force-command': ' ' },
      { 'force-command': 'a\0b' },
      { 'permit-pty': true },
    ] as const)('refuses the critical option %j', (criticalOptions) => {
      expect(outcome(proven(certified({ criticalOptions })))).toBe(DenyReason.KeyNotAccepted);
    });

    it('ignores extensions that are not known', () => {
      expect(outcome(proven(certified({ extensions: { ...EVERYTHING, 'login@example.com': 'ann' } })))).toBe('granted');
    });

    const restrictionOn = (content: Partial<CertificateContent>) => {
      const verdict = decide(proven(certified(content)));
      const [lease] = verdict.state === 'granted' ? verdict.leases : [];
      return lease === undefined ? undefined : restrictionOf(lease);
    };
    const asked = {
      'permit-pty': { ...channelRequest({ type: 'shell' }), requestType: 'pty-req' },
      'permit-X11-forwarding': { ...channelRequest({ type: 'shell' }), requestType: 'x11-req' },
      'permit-agent-forwarding': { ...channelRequest({ type: 'shell' }), requestType: 'auth-agent-req@openssh.com' },
    } as const;
    const forwards = [
      channelOpen.directTcpip('a', 1),
      { ...channelOpen.session(), channelType: 'direct-streamlocal@openssh.com' },
      { ...channelOpen.session(), channelType: 'tun@openssh.com' },
      globalRequest.tcpipForward('a', 1),
      globalRequest.streamlocalForward('/a'),
    ];

    it.each(Object.entries(asked))('permits what the extension %s is about with it alone', (name, request) => {
      const without = Object.fromEntries(Object.entries(EVERYTHING).filter(([it_]) => it_ !== name));
      expect(restrictionOn({ extensions: without })?.allows?.(request)).toBe(false);
      expect(restrictionOn({ extensions: { [name]: true } })?.allows?.(request)).toBe(true);
      expect(restrictionOn({})).toBeUndefined();
    });

    it('permits forwarding with its extension alone, and sessions in any case', () => {
      const none = restrictionOn({ extensions: {} });
      const forwarding = restrictionOn({ extensions: { 'permit-port-forwarding': true } });
      for (const request of forwards) {
        expect(none?.allows?.(request)).toBe(false);
        expect(forwarding?.allows?.(request)).toBe(true);
      }
      expect(none?.allows?.(channelOpen.session())).toBe(true);
      expect(none?.allows?.(channelRequest({ type: 'shell' }))).toBe(true);
    });

    it('forces its command', () => {
      expect(restrictionOn({ criticalOptions: { 'force-command': 'uptime -p' } })).toMatchObject({
        command: 'uptime -p',
      });
    });
  });

  describe('of a security key', () => {
    const sk = makeSkEcdsa();
    const outcomeOf = (
      content: Partial<CertificateContent>,
      touched: boolean,
      userVerified: boolean,
      options?: Partial<GrantCertificateOptions>,
    ): string => {
      const request = proven(certified({ key: sk.blob, ...content }));
      return outcome({ ...request, securityKey: { touched, userVerified, counter: 1 } }, options);
    };
    const untouchable = { extensions: { 'no-touch-required': true } } as const;
    const verifying = { criticalOptions: { 'verify-required': true } } as const;

    it('has to have been touched, unless certificate and policy both do without', () => {
      expect(outcomeOf({}, true, false)).toBe('granted');
      expect(outcomeOf({}, false, false)).toBe(DenyReason.BadSignature);
      expect(outcomeOf(untouchable, false, false)).toBe(DenyReason.BadSignature);
      expect(outcomeOf({}, false, false, { allowUntouched: true })).toBe(DenyReason.BadSignature);
      expect(outcomeOf(untouchable, false, false, { allowUntouched: true })).toBe('granted');
    });

    it('has to know its user if the certificate says so', () => {
      expect(outcomeOf(verifying, true, false)).toBe(DenyReason.BadSignature);
      expect(outcomeOf(verifying, true, true)).toBe('granted');
      expect(outcome(offered(certified({ key: sk.blob, ...verifying })))).toBe('granted');
    });

    it('is wanted if the user is to be verified, from the offer on', () => {
      expect(outcome(offered(certified(verifying)))).toBe(DenyReason.KeyNotAccepted);
      expect(outcome(proven(certified(verifying)))).toBe(DenyReason.KeyNotAccepted);
    });
  });

  it('names the line of an authority that cannot be used', () => {
    const complaint = (text: string): unknown =>
      expect.objectContaining({ message: expect.stringContaining(`grantCertificate: authorities ${text}`) as unknown });

    expect(() => make({ authorities: `${authorities}not a key\n` })).toThrow(
      complaint('cannot be used at line 2, since '),
    );
    expect(() => make({ authorities: lineOf(authKeyOf(authority.blob), 'cert-authority,no-pty') })).toThrow(
      complaint('cannot have the option no-pty at line 1: give such lines to grantPublicKey, got '),
    );
  });
});

it('grantCertificate asks no more for the principals of a client that has gone', () => {
  const names = new Subject<readonly string[]>();
  const context = policyContext();
  const states: string[] = [];
  of(consider<SSHUserAuthRequest>(proven(good), context))
    .pipe(make({ principalsOf: () => names }))
    .subscribe(({ state }) => states.push(state));
  expect([states, names.observed]).toEqual([[], true]);
  context.emit(disconnectedEvent(proven(good).connection));
  expect([states, names.observed]).toEqual([['denied'], false]);
});
