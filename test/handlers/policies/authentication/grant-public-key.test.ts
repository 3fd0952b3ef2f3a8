import { asyncScheduler, EMPTY, NEVER, of } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import {
  grantPublicKey,
  type GrantPublicKeyOptions,
} from '../../../../src/handlers/policies/authentication/grant-public-key.js';
import { parseAuthorizedKeys } from '../../../../src/protocol/authentication/authorized-keys.js';
import type { Clock } from '../../../../src/streams/clock.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { consider } from '../../../../src/streams/verdict.js';
import { makeCertificate, makeWireKey } from '../../../support/certificates.js';
import { marbles } from '../../../support/marbles.js';
import { authKeyOf, keyOf, lineOf } from '../keys.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { authRequests, offered, proven, refuted } from '../requests.js';
import { answersTo, decisionOn, declinedBy, deniedBy, granted, grantedBy } from '../verdicts.js';

const listed = keyOf(1);
const other = keyOf(2);
const text = lineOf(keyOf(9)) + lineOf(listed) + lineOf(keyOf(8));

const values = {
  o: consider<SSHUserAuthRequest>(offered(listed)),
  p: consider<SSHUserAuthRequest>(proven(listed)),
  x: consider<SSHUserAuthRequest>(proven(other)),
  O: grantedBy<SSHUserAuthRequest>('grantPublicKey', offered(listed)),
  P: grantedBy<SSHUserAuthRequest>('grantPublicKey', proven(listed)),
  X: declinedBy<SSHUserAuthRequest>('grantPublicKey', proven(other), DenyReason.KeyNotAccepted),
  F: deniedBy<SSHUserAuthRequest>('grantPublicKey', offered(listed), DenyReason.PolicyFailed, 'broken'),
};

const refused = (request: SSHUserAuthRequest, reason: DenyReason) => declinedBy('grantPublicKey', request, reason);
const clockAt = (time: string): Clock => ({ scheduler: asyncScheduler, now: () => Date.parse(time) });
/** What becomes of the proof of {@link listed} under the options of its line. */
const outcome = (options: string, address: string, clock?: Clock): string => {
  const policy = grantPublicKey(lineOf(listed, options), clock === undefined ? {} : { clock });
  const verdict = decisionOn<SSHUserAuthRequest>(policy, proven(listed, 'ann', address));
  return verdict.state === 'open' ? (verdict.declined?.reason ?? 'open') : verdict.state;
};

describe('grantPublicKey', () => {
  obeysTheLawsOfPolicies<SSHUserAuthRequest>({
    name: 'grantPublicKey',
    make: (options) => grantPublicKey(text, options),
    decides: proven(other),
    spares: proven(listed),
  });

  it(
    'accepts the offer and grants the proof of a listed key, and declines others, at once',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -o-p-x-(opx)|', values);
      const expected = '    -O-P-X-(OPX)|';
      const subs = '        ^-----------!';

      expectObservable(source.pipe(grantPublicKey(text))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it(
    'looks keys up side by side, and denies only the request whose look-up fails',
    marbles(({ cold, hot, expectObservable }) => {
      const source = hot('  op-------|', values);
      const fails = cold('  ------#', {}, 'broken');
      const finds = cold('   --t|', { t: text });
      const expected = '    ---P--F--|';
      const policy = grantPublicKey((_user, request) => (request.stage === 'offered' ? fails : finds));

      expectObservable(source.pipe(policy)).toBe(expected, values);
    }),
  );

  it(
    'is not held up by a look-up that never ends',
    marbles(({ hot, expectObservable }) => {
      const source = hot('  op-|', values);
      const expected = '    -P--';
      const policy = grantPublicKey((_user, request) => (request.stage === 'offered' ? NEVER : text));

      expectObservable(source.pipe(policy)).toBe(expected, values);
    }),
  );

  it('compares the whole key', () => {
    const blob = Buffer.from(listed.blob);
    for (const index of blob.keys()) {
      const near = Buffer.from(blob);
      near[index] = (near[index] ?? 0) ^ 1;
      const request = proven({ ...listed, blob: near });

      expect(decisionOn<SSHUserAuthRequest>(grantPublicKey(text), request)).toEqual(
        refused(request, DenyReason.KeyNotAccepted),
      );
    }
    const short = proven({ ...listed, blob: blob.subarray(0, -1) });

    expect(decisionOn<SSHUserAuthRequest>(grantPublicKey(text), short)).toEqual(
      refused(short, DenyReason.KeyNotAccepted),
    );
  });

  it('finds a key whose bytes are a view on a larger buffer', () => {
    const packet = Buffer.concat([Buffer.alloc(7, 0xff), listed.blob, Buffer.alloc(7, 0xff)]);
    const view = new Uint8Array(packet.buffer, packet.byteOffset + 7, listed.blob.length);

    expect(decisionOn<SSHUserAuthRequest>(grantPublicKey(text), proven({ ...listed, blob: view })).state).toBe(
      'granted',
    );
  });

  it('declines a wrong signature by a listed key without looking it up', () => {
    const find = vi.fn(() => text);
    const request = refuted(listed);

    expect(decisionOn<SSHUserAuthRequest>(grantPublicKey(find), request)).toEqual(
      refused(request, DenyReason.BadSignature),
    );
    expect(find).not.toHaveBeenCalled();
  });

  it.each(Object.entries(authRequests).filter(([, request]) => request.method !== 'publickey'))(
    'leaves requests of another kind open: %s',
    (_kind, request) => {
      expect(decisionOn(grantPublicKey(text), request)).toEqual(consider(request));
    },
  );

  it('leaves certificates of authorities that are not listed to others, even for a listed key', () => {
    const user = makeWireKey();
    const request = proven(authKeyOf(makeCertificate({ key: user.blob, authority: makeWireKey() })));
    const line = lineOf(authKeyOf(user.blob));

    expect(decisionOn<SSHUserAuthRequest>(grantPublicKey(line), request)).toEqual(consider(request));
  });

  it('does not look keys up for what was granted before', () => {
    const find = vi.fn(() => text);

    answersTo<SSHUserAuthRequest>(grantPublicKey(find), granted<SSHUserAuthRequest>(proven(other)));

    expect(find).not.toHaveBeenCalled();
  });

  describe('with keys of one user or several', () => {
    it.each([
      ['ann', 'ann', 'granted'],
      ['ann', 'bob', 'open'],
      [['ann', 'bob'], 'bob', 'granted'],
      [['ann', 'bob'], 'Bob', 'open'],
    ])('concerns itself with %j alone: %s is %s', (user, name, state) => {
      expect(decisionOn<SSHUserAuthRequest>(grantPublicKey(text, { user }), proven(listed, name)).state).toBe(state);
    });

    it.each([
      { user: '', got: "''" },
      { user: [], got: '[]' },
      { user: ['ann', ''], got: "[ 'ann', '' ]" },
      // JavaScript may pass anything.
      { user: 7 as unknown as string, got: '7' },
    ])('refuses the users $got', ({ user, got }) => {
      expect(() => grantPublicKey(text, { user })).toThrow(
        optionError(`grantPublicKey: user must be the name of a user or a list of names, got ${got}`),
      );
    });
  });

  describe('with a function that finds keys', () => {
    it('asks for the user and hands over the request', () => {
      const find = vi.fn(() => text);
      const request = proven(listed, 'bob');

      expect(decisionOn<SSHUserAuthRequest>(grantPublicKey(find), request).state).toBe('granted');
      expect(find).toHaveBeenCalledExactlyOnceWith('bob', request);
    });

    it.each([
      ['entries', () => parseAuthorizedKeys(text).entries, values.P],
      ['an Observable', () => of(text), values.P],
      ['an Observable of nothing', () => EMPTY, refused(proven(listed), DenyReason.KeyNotAccepted)],
      ['an empty text', () => '', refused(proven(listed), DenyReason.KeyNotAccepted)],
    ])('takes %s', (_what, find, expected) => {
      expect(decisionOn<SSHUserAuthRequest>(grantPublicKey(find), proven(listed))).toEqual(expected);
    });

    it.each([
      ['text', () => Promise.resolve(text), values.P],
      [
        'a failure, which denies with the cause',
        () => Promise.reject(new Error('no directory')),
        deniedBy('grantPublicKey', proven(listed), DenyReason.PolicyFailed, new Error('no directory')),
      ],
    ])('takes a promise of %s', async (_what, find, expected) => {
      const verdict = await new Promise((resolve) => {
        of(values.p).pipe(grantPublicKey(find)).subscribe(resolve);
      });

      expect(verdict).toEqual(expected);
    });

    it('denies what the function throws on, with the cause', () => {
      const cause = new Error('no directory');
      const policy = grantPublicKey(() => {
        throw cause;
      });

      expect(decisionOn<SSHUserAuthRequest>(policy, proven(listed))).toEqual(
        deniedBy('grantPublicKey', proven(listed), DenyReason.PolicyFailed, cause),
      );
    });

    it('skips a line that cannot be used, and tells whose it is', () => {
      const onProblem = vi.fn();
      const policy = grantPublicKey(() => `not a key\n${lineOf(other, 'newest')}${text}`, { onProblem });

      expect(decisionOn<SSHUserAuthRequest>(policy, proven(listed, 'bob')).state).toBe('granted');
      expect(onProblem.mock.calls).toEqual([
        [{ line: 1, message: expect.any(String) as string }, 'bob'],
        [{ line: 2, message: 'nothing enforces the option newest, so the key must not be accepted' }, 'bob'],
      ]);
      expect(decisionOn<SSHUserAuthRequest>(policy, proven(other))).toEqual(values.X);
    });

    it('skips a line that cannot be used silently if nobody wants to know', () => {
      expect(
        decisionOn<SSHUserAuthRequest>(
          grantPublicKey(() => `not a key\n${text}`),
          proven(listed),
        ),
      ).toEqual(values.P);
    });
  });

  describe('with options before the key', () => {
    it.each([
      ['from="192.0.2.7"', '192.0.2.7', 'granted'],
      ['from="192.0.2.7"', '192.0.2.8', DenyReason.AddressNotAllowed],
      ['from="192.0.2.0/24,2001:db8::/32"', '2001:db8::5', 'granted'],
      ['from="192.0.2.0/24,2001:db8::/32"', '2001:db9::5', DenyReason.AddressNotAllowed],
      ['from="192.0.2.*"', '192.0.2.77', 'granted'],
      ['from="192.0.2.*"', '192.0.20.7', DenyReason.AddressNotAllowed],
      ['from="192.0.2.?"', '192.0.2.7', 'granted'],
      ['from="192.0.2.?"', '192.0.2.77', DenyReason.AddressNotAllowed],
      ['from="192.0.2.*"', '192a0b2.7', DenyReason.AddressNotAllowed],
      ['from="2001:DB8:*"', '2001:db8::5', 'granted'],
      ['from="*"', '203.0.113.1', 'granted'],
      ['from="*,!192.0.2.0/24"', '192.0.2.7', DenyReason.AddressNotAllowed],
      ['from="!192.0.2.0/24,*"', '192.0.3.7', 'granted'],
      ['from="!192.0.2.0/24"', '192.0.3.7', DenyReason.AddressNotAllowed],
      ['from="*"', '', DenyReason.AddressNotAllowed],
    ])('%s admits from %j: %s', (options, address, expected) => {
      expect(outcome(options, address)).toBe(expected);
    });

    it.each([
      ['expiry-time="20300102Z"', '2030-01-02T00:00:00.000Z', 'granted'],
      ['expiry-time="20300102Z"', '2030-01-02T00:00:00.001Z', DenyReason.KeyNotAccepted],
      ['expiry-time="203001021530Z"', '2030-01-02T15:30:00.000Z', 'granted'],
      ['expiry-time="203001021530Z"', '2030-01-02T15:30:00.001Z', DenyReason.KeyNotAccepted],
      ['expiry-time="20300102153059Z"', '2030-01-02T15:30:59.000Z', 'granted'],
      ['expiry-time="20300102153059Z"', '2030-01-02T15:30:59.001Z', DenyReason.KeyNotAccepted],
      ['expiry-time="20320229Z"', '2032-02-29T00:00:00.000Z', 'granted'],
      ['expiry-time="20300102153059"', '2030-01-02T15:30:59.000', 'granted'],
      ['expiry-time="20300102153059"', '2030-01-02T15:30:59.001', DenyReason.KeyNotAccepted],
      ['expiry-time="20400101Z",expiry-time="20300101Z"', '2030-01-02T00:00:00.000Z', DenyReason.KeyNotAccepted],
      ['from="*",expiry-time="20300101Z"', '2030-01-02T00:00:00.000Z', DenyReason.KeyNotAccepted],
    ])('%s at %s: %s', (options, time, expected) => {
      expect(outcome(options, '192.0.2.7', clockAt(time))).toBe(expected);
    });

    it('grants if one of several lines for a key admits it', () => {
      const lines = lineOf(listed, 'from="203.0.113.1"') + lineOf(listed, 'from="192.0.2.0/24"');

      expect(decisionOn<SSHUserAuthRequest>(grantPublicKey(lines), proven(listed))).toEqual(values.P);
    });

    it('judges offers as it judges proofs, so that a client does not sign in vain', () => {
      const request = offered(listed);

      expect(decisionOn<SSHUserAuthRequest>(grantPublicKey(lineOf(listed, 'from="203.0.113.1"')), request)).toEqual(
        refused(request, DenyReason.AddressNotAllowed),
      );
    });

    it.each([
      ['command=""', 'option command: the value is no command'],
      [
        'restrict,verify-required',
        'option verify-required: the key is in no security key, so nothing can verify its user',
      ],
      ['cert-authority,principals="ann,,bob"', 'option principals: a name is empty'],
      ['environment="A"', 'option environment: the value is not NAME=value'],
      ['environment="1A=b"', 'option environment: the value is not NAME=value'],
      ['environment="LD_PRELOAD=x.so"', 'option environment: LD_PRELOAD steers what programs load and run'],
      [
        'environment="SSH_ORIGINAL_COMMAND=x"',
        'option environment: SSH_ORIGINAL_COMMAND steers what programs load and run',
      ],
      ['permitopen="example.com"', 'option permitopen: the value is not host:port'],
      ['permitopen="8080"', 'option permitopen: the value names no host'],
      ['permitopen=":80"', 'option permitopen: the value names no host'],
      ['permitopen="a:65536"', 'option permitopen: the port is out of range'],
      ['permitopen="a:0"', 'option permitopen: the port is out of range'],
      ['permitopen="::1:80"', 'option permitopen: the value is not host:port'],
      ['permitlisten="a:b"', 'option permitlisten: the value is not host:port'],
      ['newest="1",from="*"', 'nothing enforces the option newest, so the key must not be accepted'],
      [
        'from="*,desk.example.com"',
        'option from: entry 2 cannot be used, since it is neither an address nor a CIDR block, and names are not looked up',
      ],
      [
        'from="!bad.example.com,*"',
        'option from: entry 1 cannot be used, since it is neither an address nor a CIDR block, and names are not looked up',
      ],
      [
        'from="10.0.0.1/8"',
        'option from: entry 1 cannot be used, since it has bits set beyond the first 8, and names are not looked up',
      ],
      [
        'from=""',
        'option from: entry 1 cannot be used, since it is neither an address nor a CIDR block, and names are not looked up',
      ],
      ['expiry-time="tomorrow"', 'option expiry-time: the value is not a time'],
      ['expiry-time="20300230Z"', 'option expiry-time: the value is not a time'],
      ['expiry-time="20301301Z"', 'option expiry-time: the value is not a time'],
      ['expiry-time="203001012400Z"', 'option expiry-time: the value is not a time'],
      ['expiry-time="203001012360Z"', 'option expiry-time: the value is not a time'],
      ['expiry-time="20300101235960Z"', 'option expiry-time: the value is not a time'],
      ['expiry-time="00500101Z"', 'option expiry-time: the value is not a time'],
      ['expiry-time="2030010112Z"', 'option expiry-time: the value is not a time'],
    ])('does not use a key with %s', (options, message) => {
      const onProblem = vi.fn();
      const policy = grantPublicKey(lineOf(listed, options), { onProblem });

      expect(onProblem.mock.calls).toEqual([[{ line: 1, message }, undefined]]);
      expect(decisionOn<SSHUserAuthRequest>(policy, proven(listed))).toEqual(
        refused(proven(listed), DenyReason.KeyNotAccepted),
      );
    });
  });

  describe('with a text that cannot be used', () => {
    it('throws when it is made, and names the line and the reason', () => {
      expect(() => grantPublicKey(`# keys\n${lineOf(listed)}\n${lineOf(other, 'newest')}`)).toThrow(
        optionError(
          'grantPublicKey: source cannot be used at line 4: nothing enforces the option newest, so the key must not be ' +
            'accepted. Mend the line, or skip it with onProblem.',
        ),
      );
    });

    it('names the first line that is at fault', () => {
      expect(() => grantPublicKey(`${lineOf(other, 'newest')}not a key\n`)).toThrow(/ at line 1: /);
      expect(() => grantPublicKey(`not a key\n${lineOf(other, 'newest')}`)).toThrow(/ at line 1: /);
    });

    it('reads the text once', () => {
      const onProblem = vi.fn();
      const policy = grantPublicKey(`not a key\n${text}`, { onProblem });
      answersTo<SSHUserAuthRequest>(policy, values.o, values.p, values.x);

      expect(onProblem).toHaveBeenCalledTimes(1);
    });
  });

  it('goes by the name it was given', () => {
    const options: GrantPublicKeyOptions = { name: 'admins' };

    expect(decisionOn<SSHUserAuthRequest>(grantPublicKey(text, options), proven(other))).toEqual(
      declinedBy('admins', proven(other), DenyReason.KeyNotAccepted),
    );
  });

  it('accepts and grants what another source of keys has declined, in any order', () => {
    const ours = grantPublicKey(text, { name: 'ours' });
    const theirs = grantPublicKey(lineOf(other), { name: 'theirs' });
    const both: readonly Policy<SSHUserAuthRequest>[] = [
      (verdict$) => verdict$.pipe(ours, theirs),
      (verdict$) => verdict$.pipe(theirs, ours),
    ];
    for (const policy of both) {
      expect(decisionOn(policy, offered(listed))).toEqual(grantedBy('ours', offered(listed)));
      expect(decisionOn(policy, proven(other))).toEqual(grantedBy('theirs', proven(other)));
    }
  });

  it('refuses, from JavaScript, what is neither text nor a function', () => {
    // @ts-expect-error a Buffer is not text
    expect(() => grantPublicKey(Buffer.alloc(1))).toThrow(
      optionError('grantPublicKey: source must be text, entries or a function, got <Buffer 00>'),
    );
    // @ts-expect-error onProblem is a function
    expect(() => grantPublicKey(text, { onProblem: 'log' })).toThrow(
      optionError("grantPublicKey: onProblem must be a function, got 'log'"),
    );
  });
});
