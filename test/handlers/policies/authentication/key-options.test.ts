import { describe, expect, it } from 'vitest';

import { grantPublicKey } from '../../../../src/handlers/policies/authentication/grant-public-key.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { AuthKey, SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { Lease } from '../../../../src/streams/lease.js';
import { type Restriction, restrictionOf } from '../../../../src/streams/restriction.js';
import type { GrantedVerdict, Verdict } from '../../../../src/streams/verdict.js';
import { channelOpen, globalRequest, held, policyContext } from '../../../../src/testing/index.js';
import { type CertificateContent, makeCertificate, makeWireKey } from '../../../support/certificates.js';
import { makeSkEcdsa, makeSkEd25519 } from '../../../protocol/authentication/security-key.js';
import { beginGrant } from '../begin-grant.js';
import { authKeyOf, keyOf, lineOf } from '../keys.js';
import { channelRequest, offered, proven } from '../requests.js';
import { answersTo, decisionOn } from '../verdicts.js';
import { virtualTime } from '../virtual-time.js';

const listed = keyOf(1);

const decide = (lines: string, request: SSHUserAuthRequest, now = 0): Verdict<SSHUserAuthRequest> => {
  const time = virtualTime();
  time.set(now);
  return decisionOn<SSHUserAuthRequest>(grantPublicKey(lines, { clock: time.clock }), request);
};

const outcome = (verdict: Verdict<SSHUserAuthRequest>): string =>
  verdict.state === 'open' ? (verdict.declined?.reason ?? 'open') : verdict.state;

const leasesOf = (verdict: Verdict<SSHUserAuthRequest>): readonly Lease[] => {
  expect(verdict.state).toBe('granted');
  return verdict.state === 'granted' ? verdict.leases : [];
};

/** What the grant under `options` restricts. */
function restrictionOn(options: string): Restriction | undefined {
  const leases = leasesOf(decide(lineOf(listed, options), proven(listed)));
  expect(leases.length).toBeLessThanOrEqual(1);
  const [lease] = leases;
  return lease === undefined ? undefined : restrictionOf(lease);
}

const asked = {
  pty: channelRequest({
    type: 'pty-req',
    term: 'x',
    columns: 1,
    rows: 1,
    widthPixels: 0,
    heightPixels: 0,
    encodedTerminalModes: Buffer.alloc(0),
  }),
  x11: { ...channelRequest({ type: 'shell' }), requestType: 'x11-req' },
  agent: { ...channelRequest({ type: 'shell' }), requestType: 'auth-agent-req@openssh.com' },
  forward: channelOpen.directTcpip('db.example.com', 5432),
  socket: { ...channelOpen.session(), channelType: 'direct-streamlocal@openssh.com' },
  tunnel: { ...channelOpen.session(), channelType: 'tun@openssh.com' },
  listen: globalRequest.tcpipForward('localhost', 8080),
  socketListen: { ...globalRequest.tcpipForward('localhost', 8080), requestType: 'streamlocal-forward@openssh.com' },
  stopListening: { ...globalRequest.tcpipForward('localhost', 8080), requestType: 'cancel-tcpip-forward' },
  session: channelOpen.session(),
  shell: channelRequest({ type: 'shell' }),
  env: channelRequest({ type: 'env', variableName: 'LANG', variableValue: 'C' }),
} as const;

const deniedUnder = (options: string): readonly string[] => {
  const restriction = restrictionOn(options);
  return Object.entries(asked).flatMap(([name, request]) => (restriction?.allows?.(request) === false ? [name] : []));
};

const FORWARDS = ['forward', 'socket', 'listen', 'socketListen'];

describe('the options of a line restrict what comes later', () => {
  it.each([
    ['no-pty', ['pty']],
    ['no-x11-forwarding', ['x11']],
    ['NO-X11-Forwarding', ['x11']],
    ['no-agent-forwarding', ['agent']],
    ['no-port-forwarding', FORWARDS],
    ['tunnel="0"', ['tunnel']],
    ['restrict', ['pty', 'x11', 'agent', 'forward', 'socket', 'tunnel', 'listen', 'socketListen']],
    ['restrict,pty', ['x11', 'agent', 'forward', 'socket', 'tunnel', 'listen', 'socketListen']],
    ['restrict,x11-forwarding,agent-forwarding,port-forwarding', ['pty', 'tunnel']],
    ['pty,restrict', ['pty', 'x11', 'agent', 'forward', 'socket', 'tunnel', 'listen', 'socketListen']],
    ['no-pty,pty', []],
    ['no-user-rc,user-rc,no-touch-required', []],
    ['permitopen="db.example.com:5432"', ['socket']],
    ['permitopen="DB.example.com:*"', ['socket']],
    ['permitopen="other:5432",permitopen="*:5432"', ['socket']],
    ['permitopen="*.example.com:5432"', ['forward', 'socket']],
    ['permitopen="db.example.com:5433"', ['forward', 'socket']],
    ['no-port-forwarding,permitopen="db.example.com:5432"', FORWARDS],
    ['permitlisten="8080"', ['socketListen']],
    ['permitlisten="localhost:8080"', ['socketListen']],
    ['permitlisten="local*:*"', ['socketListen']],
    ['permitlisten="[::1]:8080"', ['listen', 'socketListen']],
    ['permitlisten="localhost:8081"', ['listen', 'socketListen']],
  ])('%s rules out %j', (options, denied) => {
    expect([...deniedUnder(options)].sort()).toEqual([...denied].sort());
  });

  it('takes one address for the same in all ways to write it', () => {
    const restriction = restrictionOn('permitopen="[2001:db8::1]:80"');
    expect(restriction?.allows?.(channelOpen.directTcpip('2001:DB8:0:0::1', 80))).toBe(true);
    expect(restriction?.allows?.(channelOpen.directTcpip('2001:db8::2', 80))).toBe(false);
  });

  it('denies what goes by the name of a forward and is none', () => {
    const open = { ...channelOpen.session(), channelType: 'direct-tcpip' };
    const listen = { ...globalRequest.streamlocalForward('/x'), requestType: 'tcpip-forward' };
    expect(restrictionOn('permitopen="*:*"')?.allows?.(open)).toBe(false);
    expect(restrictionOn('permitlisten="*:*"')?.allows?.(listen)).toBe(false);
  });

  it('forces a command and sets variables, of which the first counts', () => {
    const restriction = restrictionOn(
      'command="echo \\"a b\\"",environment="A=b=c",environment="A=d",environment="E="',
    );
    expect(restriction).toMatchObject({ by: 'grantPublicKey', command: 'echo "a b"' });
    expect([...(restriction?.environment ?? [])]).toEqual([
      ['A', 'b=c'],
      ['E', ''],
    ]);
    expect(restriction?.allows).toBeUndefined();
  });

  it('attaches nothing to a key without restrictions', () => {
    expect(leasesOf(decide(lineOf(listed), proven(listed)))).toEqual([]);
  });

  it('goes by the first line that admits the key', () => {
    const lines =
      lineOf(listed, 'from="203.0.113.1"') + lineOf(listed, 'command="one"') + lineOf(listed, 'command="two"');
    const [lease] = leasesOf(decide(lines, proven(listed)));
    expect(lease === undefined ? undefined : restrictionOf(lease)).toMatchObject({ command: 'one' });
  });
});

describe('expiry-time', () => {
  const EXPIRY = Date.UTC(2030, 0, 2);
  const line = lineOf(listed, 'expiry-time="20300102Z"');

  it('ends the session that the key has opened, in the first millisecond at which it would open none', () => {
    const time = virtualTime();
    time.set(EXPIRY - 60_000);
    const policy = grantPublicKey(line, { clock: time.clock, warnBeforeMs: 30_000, graceMs: 5 });
    const grant = beginGrant(decisionOn<SSHUserAuthRequest>(policy, proven(listed)), held({ clock: time.clock }));
    time.advance(60_000);
    expect(grant.signals).toEqual([{ type: 'warn', message: 'This session ends in 30 seconds' }]);
    time.advance(1);

    expect(grant.signals.slice(1)).toEqual([
      {
        type: 'revoke',
        reason: 'the key that this session was opened with has expired',
        by: 'grantPublicKey',
        graceMs: 5,
      },
    ]);
  });

  it('takes the time of the server without a clock of its own', () => {
    const time = virtualTime();
    time.set(EXPIRY + 1);
    const context = policyContext({ clock: time.clock });
    const [verdict] = answersTo<SSHUserAuthRequest>(grantPublicKey(line), {
      state: 'open',
      request: proven(listed),
      leases: [],
      context,
    });
    expect(verdict).toMatchObject({ state: 'open', declined: { reason: DenyReason.KeyNotAccepted } });
  });

  it('is attached anew when policies are replaced, by the policy of the same name alone', () => {
    const context = policyContext({ reevaluation: true });
    const before: GrantedVerdict<SSHUserAuthRequest> = {
      state: 'granted',
      request: proven(listed),
      leases: [],
      by: 'grantPublicKey',
      context,
    };
    const time = virtualTime();
    time.set(EXPIRY - 10);
    const policy = grantPublicKey(line, { clock: time.clock });
    const [again, others, now] = answersTo<SSHUserAuthRequest>(
      policy,
      before,
      { ...before, by: 'another' },
      { ...before, context: policyContext({}) },
    );
    expect(again?.state === 'granted' && again.leases).toHaveLength(1);
    expect(others?.state === 'granted' && others.leases).toEqual([]);
    expect(now?.state === 'granted' && now.leases).toEqual([]);
    if (again === undefined) throw new Error('no answer');
    const grant = beginGrant(again, held({ clock: time.clock }));
    time.advance(11);
    expect(grant.signals).toMatchObject([{ type: 'revoke' }]);
  });

  it('leaves a grant that stands as it is if the key is no longer listed', () => {
    const context = policyContext({ reevaluation: true });
    const before: GrantedVerdict<SSHUserAuthRequest> = {
      state: 'granted',
      request: proven(listed),
      leases: [],
      by: 'grantPublicKey',
      context,
    };
    expect(answersTo<SSHUserAuthRequest>(grantPublicKey(lineOf(keyOf(5))), before)).toEqual([before]);
  });
});

describe('a security key', () => {
  const key = authKeyOf(makeSkEd25519().blob);
  const use = (touched: boolean, userVerified: boolean) => ({ securityKey: { touched, userVerified, counter: 1 } });

  it.each([
    ['', false, false, DenyReason.BadSignature],
    ['', true, false, 'granted'],
    ['', false, true, DenyReason.BadSignature],
    ['no-touch-required', false, false, 'granted'],
    ['verify-required', true, false, DenyReason.BadSignature],
    ['verify-required', true, true, 'granted'],
    ['verify-required', false, true, DenyReason.BadSignature],
    ['verify-required,no-touch-required', false, true, 'granted'],
    ['verify-required,no-touch-required', false, false, DenyReason.BadSignature],
  ])('under %j, touched %j, with its user verified %j: %s', (options, touched, verified, expected) => {
    for (const blob of [makeSkEcdsa().blob, makeSkEd25519().blob]) {
      const sk = authKeyOf(blob);
      expect(outcome(decide(lineOf(sk, options), { ...proven(sk), ...use(touched, verified) }))).toBe(expected);
    }
  });

  it('of which nothing is known was not touched', () => {
    expect(outcome(decide(lineOf(key), proven(key)))).toBe(DenyReason.BadSignature);
  });

  it('is accepted as an offer before it can be touched', () => {
    expect(outcome(decide(lineOf(key, 'verify-required'), offered(key)))).toBe('granted');
  });
});

describe('an authority', () => {
  const authority = makeWireKey();
  const user = makeWireKey();
  const authorityKey = authKeyOf(authority.blob);
  const certified = (content: Partial<CertificateContent> = {}): AuthKey =>
    authKeyOf(makeCertificate({ key: user.blob, authority, ...content }));
  const under = (options: string, content: Partial<CertificateContent> = {}, now = 0): string =>
    outcome(decide(lineOf(authorityKey, options), proven(certified(content)), now));
  const EVERYTHING = {
    'permit-pty': true,
    'permit-port-forwarding': true,
    'permit-agent-forwarding': true,
    'permit-X11-forwarding': true,
  } as const;

  it('does not sign in by itself', () => {
    expect(outcome(decide(lineOf(authorityKey, 'cert-authority'), proven(authorityKey)))).toBe(
      DenyReason.KeyNotAccepted,
    );
  });

  it('is none without the option, and its certificates are left to others', () => {
    expect(under('')).toBe('open');
  });

  it.each([
    ['cert-authority', {}, 'granted'],
    ['cert-authority', { principals: ['bob'] }, DenyReason.KeyNotAccepted],
    ['cert-authority', { principals: [] }, DenyReason.KeyNotAccepted],
    ['cert-authority', { principals: ['bob', 'ann'] }, 'granted'],
    ['cert-authority', { principals: ['Ann'] }, DenyReason.KeyNotAccepted],
    ['cert-authority,principals="ops,dev"', { principals: ['ann'] }, DenyReason.KeyNotAccepted],
    ['cert-authority,principals="ops,dev"', { principals: ['dev'] }, 'granted'],
    ['cert-authority,from="203.0.113.0/24"', {}, DenyReason.AddressNotAllowed],
    ['cert-authority,expiry-time="20000101Z"', {}, 'granted'],
    ['cert-authority', { criticalOptions: { 'newest@example.com': 'x' } }, DenyReason.KeyNotAccepted],
    ['cert-authority,command="a"', { criticalOptions: { 'force-command': 'a' } }, 'granted'],
    ['cert-authority,command="a"', { criticalOptions: { 'force-command': 'b' } }, DenyReason.KeyNotAccepted],
    ['cert-authority', { criticalOptions: { 'verify-required': true } }, DenyReason.KeyNotAccepted],
    ['cert-authority,verify-required', {}, DenyReason.KeyNotAccepted],
  ] as const)('%s, and a certificate with %j: %s', (options, content, expected) => {
    expect(under(options, content)).toBe(expected);
  });

  it('permits what its line and the certificate both permit, until the first of them ends', () => {
    const key = certified({
      extensions: EVERYTHING,
      validBefore: 100n,
      criticalOptions: { 'force-command': 'uptime' },
    });
    const time = virtualTime();
    const policy = grantPublicKey(lineOf(authorityKey, 'cert-authority,no-pty,environment="A=b"'), {
      clock: time.clock,
    });
    const verdict = decisionOn<SSHUserAuthRequest>(policy, proven(key));
    const [restricting] = leasesOf(verdict);
    const restriction = restricting === undefined ? undefined : restrictionOf(restricting);

    expect(restriction).toMatchObject({ command: 'uptime', environment: new Map([['A', 'b']]) });
    expect(restriction?.allows?.(asked.pty)).toBe(false);
    expect(restriction?.allows?.(asked.forward)).toBe(true);
    const grant = beginGrant(verdict, held({ clock: time.clock }));
    time.advance(99_999);
    expect(grant.signals).toEqual([]);
    time.advance(1);
    expect(grant.signals).toMatchObject([{ type: 'revoke' }]);
  });

  it('has to allow a security key to go untouched, and the certificate too', () => {
    const sk = makeSkEd25519();
    const both = (options: string, extensions: CertificateContent['extensions'] = {}): string => {
      const key = authKeyOf(makeCertificate({ key: sk.blob, authority, extensions }));
      const request = { ...proven(key), securityKey: { touched: false, userVerified: false, counter: 1 } };
      return outcome(decide(lineOf(authorityKey, options), request));
    };
    const extensions = { 'no-touch-required': true } as const;
    expect(both('cert-authority')).toBe(DenyReason.BadSignature);
    expect(both('cert-authority', extensions)).toBe(DenyReason.BadSignature);
    expect(both('cert-authority,no-touch-required')).toBe(DenyReason.BadSignature);
    expect(both('cert-authority,no-touch-required', extensions)).toBe('granted');
  });
});
